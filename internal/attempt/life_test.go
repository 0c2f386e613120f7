package attempt

import (
	"testing"

	"factorfleet/internal/task"
)

// A life is the state of a single number between two deliveries: a task in the queue.
type life struct {
	delivered int  // deliveries of this round
	spent     int  // by the header of the task
	record    bool // a last-attempt record of this round is stored
}

// An event is what happens to the next delivery.
type event uint8

const (
	lapses event = iota // it never arrives
	kills               // the worker dies while it computes the number
	fails               // the computation returns an error
	meets               // another last attempt is held where it arrives
	drains              // the worker leaves before it starts
)

// step returns the state after the next delivery has met e; dead means that the number was given up, and
// by what. It executes the decisions as worker and sweeper do, without the ledger.
func (l life) step(e event) (next life, dead string) {
	d := Delivery{Attempt: Number(l.delivered+1, l.spent), Count: 1}
	l.delivered++
	if e == lapses {
		return l.redelivered()
	}
	decision := Arrive(d, Host{OtherLast: e == meets, MayPostpone: true, Leaving: e == drains})
	if decision.Action == Return {
		r := Returned{Reason: decision.Reason, Count: 1}
		return l.swept(r.Decide(Evidence{Record: l.record, Spent: l.spent}))
	}
	decision = Start(d, Known)
	started := (e == kills || e == fails) && decision.Action == ComputeAlone
	l.record = l.record || started
	if e == fails && Settle(Outcome{Verdict: Failed, Attempt: d.Attempt, Started: started}).Letter {
		return l, "failed"
	}
	return l.redelivered()
}

// redelivered returns the state after the server has found out that the delivery was not settled.
func (l life) redelivered() (life, string) {
	if l.delivered < MaxDeliver {
		return l, ""
	}
	return l.swept(Exhausted(1, Evidence{Record: l.record, Spent: l.spent}))
}

func (l life) swept(d Decision) (life, string) {
	if d.Action == GiveUp {
		if l.record {
			return l, "recorded"
		}
		return l, "lapsed"
	}
	return life{spent: d.Spent}, ""
}

// TestLife follows a single number through all sequences of events. A number that kills each worker
// is given up after exactly MaxDeliver deaths; it is given up without a last-attempt record only after
// MaxLapsed spent deliveries; workers that leave never cost it anything.
func TestLife(t *testing.T) {
	for e, want := range map[event]struct {
		deliveries int // 0 = never given up
		dead       string
	}{
		kills: {MaxDeliver, "recorded"}, fails: {MaxDeliver, "failed"}, drains: {0, ""},
		// Rounds with 0, 2, 3, ..., MaxLapsed spent deliveries.
		lapses: {MaxDeliver * (1 + MaxLapsed - MaxDeliver + 2), "lapsed"},
	} {
		n, dead := 0, ""
		for l := (life{}); dead == "" && n < 1000; n++ {
			l, dead = l.step(e)
		}
		if want.deliveries == 0 && n == 1000 {
			n = 0
		}
		if n != want.deliveries || dead != want.dead {
			t.Errorf("event %d: %q after %d deliveries, want %+v", e, dead, n, want)
		}
	}

	type state struct {
		life
		computed int // attempts that started, at most MaxDeliver+1 are told apart
	}
	seen := map[state]bool{{}: true}
	for open := []state{{}}; len(open) > 0; open = open[1:] {
		for _, e := range []event{lapses, kills, fails, meets, drains} {
			next, dead := open[0].step(e)
			computed := open[0].computed
			if e == kills || e == fails {
				computed = min(computed+1, MaxDeliver+1)
			}
			if dead != "" && dead != "lapsed" && computed == 0 {
				t.Errorf("%+v, event %d: given up (%s), never computed", open[0], e, dead)
			}
			if dead == "lapsed" && open[0].spent < MaxLapsed {
				t.Errorf("%+v, event %d: given up too early", open[0], e)
			}
			if next.spent > MaxLapsed {
				t.Fatalf("%+v: not given up after %d spent deliveries", next, next.spent)
			}
			if s := (state{next, computed}); dead == "" && !seen[s] {
				seen[s] = true
				open = append(open, s)
			}
		}
	}
	t.Logf("%d states", len(seen))
}

// TestKillerIsFound: one number of a chunk kills every worker that computes it. It is given up after
// MaxDeliver deaths of its own and one or two of its chunk; all others are answered.
func TestKillerIsFound(t *testing.T) {
	for _, count := range counts {
		deaths, ranges := 0, []task.Range{{First: 0, Count: count}}
		killer, answered, dead := count/2, uint64(0), 0
		for ; len(ranges) > 0; ranges = ranges[1:] {
			r := ranges[0]
			if !r.Contains(task.Range{First: killer, Count: 1}) {
				answered += r.Count
				continue
			}
			for n := 1; ; n++ {
				d := Start(Delivery{Attempt: n, Count: r.Count}, Known)
				if d.Action == Return {
					ranges = append(ranges, r.Pieces(d.Pieces)...)
					break
				}
				if deaths++; n == MaxDeliver {
					if Exhausted(r.Count, Evidence{Record: d.Action == ComputeAlone}).Action == GiveUp {
						dead++
					}
					break
				}
			}
		}
		if most := MaxDeliver + 2; dead != 1 || answered != count-1 || deaths < MaxDeliver || deaths > most {
			t.Errorf("%d numbers: %d answered, %d given up, %d deaths", count, answered, dead, deaths)
		}
	}
}
