package fleet

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestReturnWaitsForAck: an honest worker stores its return and acks the task a moment later; the range
// is then queued again, without a complaint.
func TestReturnWaitsForAck(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 100)
	h.queue(j, task.Range{First: 0, Count: 43})
	w := h.station("w")
	_, held := pull(t, w, 1)
	background(t, h.Sweep)
	h.put(schema.ReturnSubject("j", task.Range{First: 17, Count: 26}, held[0].Round, "w"), (&task.Return{Reason: task.Drained}).Encode())
	await(t, "the return is postponed", func() bool {
		c, err := h.returns.Consumer(t.Context(), schema.DurableSweeper)
		return err == nil && c.CachedInfo().NumPending == 0 && c.CachedInfo().NumAckPending == 1
	})
	if got := h.ranges("j"); got != "0-43" {
		t.Fatalf("queued before the ack: %s", got)
	}
	ack(t, held)
	await(t, "the rest is queued", func() bool { return h.ranges("j") == "17-26" })
	await(t, "no return is left", func() bool { return len(h.subjects(schema.StreamReturns)) == 0 })
	if trust, ok := h.trust.current(); !ok || len(trust.complaints.workers) > 0 {
		t.Error("there is a complaint")
	}
}

// sweepOnce lets one sweeper check a return of 0-10 of job j, as its n-th delivery.
func sweepOnce(t *testing.T, s *sweeper, n uint64, stored time.Time) (ok bool, delay time.Duration, err error) {
	t.Helper()
	at := schema.Place{Address: task.Address{Job: "j", Range: task.Range{First: 0, Count: 10}, Round: "0"}, Worker: "w"}
	return s.checkReturn(t.Context(), at, 2, roundAfter("0", stored), &jetstream.MsgMetadata{NumDelivered: n, Timestamp: stored})
}

// TestReturnWaitsForRoom: a returned range is not queued beyond what producers may queue, but for a margin
// which keeps a producer that fills the queue from keeping returns out.
func TestReturnWaitsForRoom(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassLow, 100)
	s := newSweeper(&Failures{f: h.Fleet})
	stored := time.Now().Add(-time.Minute)
	s.depthAt = time.Now().Add(time.Hour) // it is not read again
	for depth, want := range map[uint64]bool{classDepth[task.ClassLow] + returnRoom - 1: false, classDepth[task.ClassLow]: true} {
		s.depth = depth
		if ok, delay, err := sweepOnce(t, s, 1, stored); ok != want || (delay > 0) == want || err != nil {
			t.Errorf("%d tasks queued: %v, %v, %v", depth, ok, delay, err)
		}
	}
}

// TestReturnSweptBefore: a return whose range was queued for it, by a sweeper that did not ack it, is done
// without a complaint. The round shows it.
func TestReturnSweptBefore(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, in := h.job("j", task.ClassNorm, 100)
	stored := time.Now().Add(-time.Minute)
	r := task.Range{First: 0, Count: 10}
	if err := h.queueRanges(t.Context(), j, in, r.Pieces(2), roundAfter("0", stored), 0); err != nil {
		t.Fatal(err)
	}
	s := newSweeper(&Failures{f: h.Fleet})
	for n := uint64(1); n < returnTries; n++ {
		if ok, delay, err := sweepOnce(t, s, n, stored); ok || delay == 0 || err != nil {
			t.Errorf("delivery %d: %v, %v, %v", n, ok, delay, err)
		}
	}
	if ok, delay, err := sweepOnce(t, s, returnTries, stored); ok || delay > 0 || err != nil {
		t.Errorf("%v, %v, %v", ok, delay, err)
	}
	if ok, delay, err := sweepOnce(t, s, returnTries, stored.Add(time.Second)); ok || delay > 0 || err == nil {
		t.Errorf("another return of the range: %v, %v, %v", ok, delay, err)
	}
}

// TestPace: a worker's drain passes at once; of a flood some pass, some wait their turn, and the rest is
// refused. An idle worker may return as many again.
func TestPace(t *testing.T) {
	t.Parallel()
	var b Bucket
	now := time.Now()
	for i := range 256 + 512 {
		if delay, ok := b.Take(now, returnShare, 1); delay > 0 || !ok {
			t.Fatalf("return %d of a drain: %v, %v", i, delay, ok)
		}
	}
	flood := func() (passed, postponed int, last time.Duration) {
		for range 20_000 {
			switch delay, ok := b.Take(now, returnShare, 1); {
			case !ok:
			case delay == 0:
				passed++
			default:
				postponed++
				if delay <= last {
					t.Fatalf("redelivered after %v and %v: not one after the other", last, delay)
				}
				last = delay
			}
		}
		return passed, postponed, last
	}
	if passed, postponed, last := flood(); passed != 1024-256-512 || postponed != 256 || last > 2*time.Second {
		t.Errorf("%d pass, %d wait up to %v", passed, postponed, last)
	}
	now = now.Add(time.Minute)
	if passed, _, _ := flood(); passed != 1024 {
		t.Errorf("%d pass after a minute", passed)
	}
	p := make(paces)
	for i := range uint64(3 * maxPaced) {
		p.of(task.Range{First: i, Count: 1}.String())
	}
	if len(p) > maxPaced {
		t.Errorf("%d workers are known", len(p))
	}
}

// TestStaleListing: what the sweeper has listed of the queue is used again, but not for a range that may
// have been queued since.
func TestStaleListing(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 1000)
	first := h.queue(j, task.Range{First: 0, Count: 100})
	h.queue(j, task.Range{First: 300, Count: 100})
	s := newSweeper(&Failures{f: h.Fleet})
	check := func(r task.Range, queued, wait bool) {
		t.Helper()
		got, delay, err := s.isQueued(t.Context(), j, r, time.Now().Add(time.Second))
		if err != nil || got != queued || (delay > 0) != wait {
			t.Errorf("%v: queued %v, wait %v, %v", r, got, delay, err)
		}
	}
	check(task.Range{First: 50, Count: 1}, true, false)
	q := s.queues["j"]
	q.due = time.Now().Add(time.Hour)
	if err := h.link.DeleteMessage(t.Context(), schema.StreamTasks, first); err != nil {
		t.Fatal(err)
	}
	check(task.Range{First: 50, Count: 1}, false, false)
	check(task.Range{First: 99, Count: 202}, true, false)
	check(task.Range{First: 150, Count: 100}, false, false)
	h.queue(j, task.Range{First: 400, Count: 100})
	check(task.Range{First: 450, Count: 10}, false, true)
	s.hasQueued("j", task.Range{First: 150, Count: 100}, 1)
	check(task.Range{First: 249, Count: 1}, true, false)
	if s.queues["j"] != q {
		t.Error("the queue was listed again too early")
	}
	q.due = time.Now()
	check(task.Range{First: 450, Count: 10}, true, false)
	if s.queues["j"] == q {
		t.Error("the queue was not listed again")
	}
}

// TestSlowListing: a server that was busy when the queue was listed delays a return by seconds only.
func TestSlowListing(t *testing.T) {
	t.Parallel()
	for took, want := range map[time.Duration]time.Duration{time.Millisecond: 20 * time.Millisecond, 3 * time.Second: maxQueueWait} {
		if got := queueWait(took); got != want {
			t.Errorf("a listing of %v is due again after %v, not %v", took, got, want)
		}
	}
}

// TestReturnKeepsLimits: a worker returns ranges of a throttled job that were never queued. They are queued neither before
// the job starts, nor beyond its limit of running tasks or its rate.
func TestReturnKeepsLimits(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 100)
	stored := time.Now().Add(-time.Minute)
	change := func(c Throttle) {
		t.Helper()
		if _, err := h.ChangeThrottle(t.Context(), "j", c); err != nil {
			t.Fatal(err)
		}
	}
	check := func(s *sweeper, want bool, what string) {
		t.Helper()
		if ok, delay, err := sweepOnce(t, s, 1, stored); ok != want || delay > 0 || err != nil {
			t.Errorf("%s: %v, %v, %v", what, ok, delay, err)
		}
	}
	fresh := func() *sweeper { return newSweeper(&Failures{f: h.Fleet}) }
	later, none := time.Now().Add(time.Hour), time.Time{}
	change(Throttle{After: &later})
	check(fresh(), false, "the job starts in an hour")
	two := 2
	change(Throttle{After: &none, MaxRunning: &two})
	h.queue(j, task.Range{First: 50, Count: 10})
	check(fresh(), true, "one of two tasks is queued")
	h.queue(j, task.Range{First: 60, Count: 10})
	check(fresh(), false, "two tasks are queued")
	zero, rate := 0, 0.001
	change(Throttle{MaxRunning: &zero, Rate: &rate})
	s := fresh()
	for i := range 10 {
		check(s, i < 7, "ten numbers more than in a second of the rate") // 7 * 10 > returnedBurst
	}
}
