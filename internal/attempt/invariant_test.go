package attempt

import (
	"testing"

	"factorfleet/internal/task"
)

// TestHung: the parts cover the range in order; exactly the number at hand has failed; a chunk of one
// number fails, of a longer one every part is returned and what is behind the number is split.
func TestHung(t *testing.T) {
	for _, count := range counts {
		for _, at := range []uint64{0, 1, 2, count / 2, count - 1} {
			if at >= count {
				continue
			}
			r := task.Range{First: 1000, Count: count}
			next, failed := r.First, 0
			for _, p := range Hung(r, at) {
				if p.Range.First != next || p.Range.Count == 0 {
					t.Errorf("%d of %d: part %v begins after %d", at, count, p.Range, next)
				}
				next = p.Range.End()
				want := Decision{Action: Return, Reason: task.Isolate, Detail: p.Detail}
				switch {
				case count == 1:
					want = Decision{Action: Fail}
				case p.Range.First > r.First+at:
					want.Pieces = Pieces(p.Range.Count)
				}
				if p.Decision != want {
					t.Errorf("%d of %d: %v: %+v, want %+v", at, count, p.Range, p.Decision, want)
				}
				if p.Failed {
					if failed++; p.Range != (task.Range{First: r.First + at, Count: 1}) {
						t.Errorf("%d of %d: %v has failed", at, count, p.Range)
					}
				}
			}
			if next != r.End() || failed != 1 {
				t.Errorf("%d of %d: parts end at %d, %d failed", at, count, next, failed)
			}
		}
	}
}

// isEnough reports whether last attempts have failed, and not only by the word of a worker beside which another
// one was alive.
func (e Evidence) isEnough() bool {
	if e.Campaign != NoCampaign { // then only dead letters count
		e.Workers = e.Letters
	}
	return !e.Unseen && (!e.Held || e.AtTwo >= MaxDeliver) && (e.Workers > 1 || e.Workers == 1 && e.Others == AliveLongAgo)
}

// TestSeveralAreNotGivenUp: over all inputs, several numbers are never given up and never fail as a whole.
// A single number is given up only by the evidence that the package comment names.
func TestSeveralAreNotGivenUp(t *testing.T) {
	check := func(d Decision, count uint64, evidence bool, in any) {
		t.Helper()
		if (d.Action == GiveUp || d.Action == Fail || d.Action == ComputeAlone) && count != 1 {
			t.Errorf("%+v: %v of %d numbers", in, d.Action, count)
		}
		if d.Action == GiveUp && !evidence {
			t.Errorf("%+v is given up without evidence", in)
		}
	}
	for _, a := range arrivals() {
		check(Arrive(a.Delivery, a.Host), a.Count, false, a)
	}
	for _, s := range starts() {
		check(Start(s.Delivery, s.Content), s.Count, s.Deaths >= MaxDeliver, s)
	}
	for _, d := range deliveries() {
		check(Unstarted(d), d.Count, false, d)
		check(Stale(d), d.Count, false, d)
	}
	for _, i := range interruptions() {
		check(Interrupted(i.Cause, i.r, i.at).Decision, i.r.Count, false, i)
	}
	for _, r := range returns() {
		check(r.Returned.Decide(r.Evidence), r.Count, r.Evidence.isEnough(), r)
	}
	for _, x := range exhaustions() {
		check(Exhausted(x.count, x.Evidence), x.count, x.Evidence.isEnough(), x)
	}
	for _, o := range outcomes() {
		if s := Settle(o); s.Letter && !(o.Verdict == Rejected || o.Verdict == Hopeless || o.Verdict == Failed && o.Attempt >= MaxDeliver) {
			t.Errorf("%+v is given up: %+v", o, s)
		}
	}
}

// TestNothingIsLost: whatever is decided, each number is queued, stored as a result or stored in a dead
// letter, except those of a cancelled job; a sieve task has none. And a number is not queued twice: a lapsed delivery,
// which the server redelivers, returns nothing and is not nak'ed.
func TestNothingIsLost(t *testing.T) {
	for _, o := range outcomes() {
		s := Settle(o)
		stored := s.Results && (s.Returns || !o.Returns)
		queued := s.End == Nak || s.End == Leave
		switch {
		case o.Verdict == Dropped || o.Verdict == Sieved:
			if s != (Settlement{End: Ack}) {
				t.Errorf("%+v: %+v of a cancelled job or a sieve task", o, s)
			}
		case s.End == Ack && !stored, s.End == Term && !s.Letter:
			t.Errorf("%+v: %+v removes the task from the queue before all is stored", o, s)
		case !queued && !stored && !s.Letter:
			t.Errorf("%+v: %+v loses numbers", o, s)
		}
		if lapsed := o.Lapsed && !o.Started; lapsed && (s.End == Nak || o.Returns && s.Returns && o.Verdict != Failed && o.Verdict != Hopeless && o.Verdict != Rejected) {
			t.Errorf("%+v: %+v queues numbers twice", o, s)
		}
		if s.Letter && (s.Results || s.Returns) {
			t.Errorf("%+v: %+v gives up numbers that have answers", o, s)
		}
	}
	for _, r := range returns() {
		if d := r.Returned.Decide(r.Evidence); d.Action != Requeue && d.Action != GiveUp && d.Action != Wait {
			t.Errorf("%+v: %+v loses numbers", r, d)
		}
	}
	for _, x := range exhaustions() {
		if d := Exhausted(x.count, x.Evidence); d.Action != Requeue && d.Action != GiveUp && (d.Action != Wait || d.Delay <= 0) {
			t.Errorf("%+v: %+v leaves the task in the queue, where no worker gets it", x, d)
		}
	}
	for _, a := range advisories() {
		if d := a.Decide(); d.Action == Conclude && !a.Exhausted {
			t.Errorf("%+v: %+v of a task that is not exhausted", a, d)
		}
	}
}
