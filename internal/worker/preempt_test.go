package worker

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/task"
)

// preempted runs a worker of so many slots, each with a task of a part and one more behind it, and offers an ordinary
// task of 10 ms after each of the times. It returns when each was answered, since it was offered.
func preempted(t *testing.T, slots int, make func(*rig, uint64) *Delivery, offers ...time.Duration) (waits []time.Duration, journal []string, r *rig) {
	r, _ = newSieveRig(t, slots)
	for i := range uint64(20) {
		r.offer(make(r, 4096*i))
	}
	r.start()
	began := time.Now()
	for i, at := range offers {
		time.Sleep(at - time.Since(began))
		r.source.others <- r.chunk(uint64(i), 10)
		answered := func() bool { return r.Stats().Numbers > uint64(i) }
		for !answered() && time.Since(began) < at+20*time.Second {
			time.Sleep(10 * time.Millisecond)
		}
		waits = append(waits, time.Since(began)-at)
	}
	journal = slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" })
	return waits, journal, r
}

// TestPreempt: a task of a part ends early for an ordinary task: after its position if that is short, else at once. What
// is complete is stored. A task that has just begun does not end early, nor do two in short succession, nor
// one of which much would be lost.
func TestPreempt(t *testing.T) {
	sieve := func(how byte, d time.Duration) func(*rig, uint64) *Delivery {
		return func(r *rig, first uint64) *Delivery { return r.sieveTask(first, how, d) }
	}
	curves := func(r *rig, first uint64) *Delivery { return r.curvesTask(first, sieveWell, 10*time.Second) }
	const soon, ms = 130 * time.Millisecond, time.Millisecond
	for name, test := range map[string]struct {
		task   func(*rig, uint64) *Delivery
		offers []time.Duration
		least  []time.Duration // of the waits; each takes at most soon longer
		yields int             // of the first task of a part; 0 = not looked at
	}{
		"short positions":      {sieve(sieveQuick, 10*time.Second), []time.Duration{2050 * ms}, []time.Duration{50 * ms}, 21},
		"long positions":       {sieve(sieveWell, 10*time.Second), []time.Duration{2300 * ms}, []time.Duration{0}, 2},
		"no position yet":      {sieve(sieveWell, 10*time.Second), []time.Duration{500 * ms}, []time.Duration{500 * ms}, 1},
		"curves":               {curves, []time.Duration{500 * ms}, []time.Duration{0}, 0},
		"begun just now":       {sieve(sieveQuick, 10*time.Second), []time.Duration{0}, []time.Duration{preemptAfter}, 3},
		"one after the other":  {sieve(sieveQuick, 10*time.Second), []time.Duration{2050 * ms, 2150 * ms, 2250 * ms, 2350 * ms}, []time.Duration{0, 200 * ms, 400 * ms, 700 * ms}, 21},
		"a second later":       {sieve(sieveQuick, 10*time.Second), []time.Duration{2050 * ms, 3300 * ms}, []time.Duration{0, 0}, 21},
		"much is lost already": {curves, []time.Duration{900 * ms, 2500 * ms}, []time.Duration{0, 400 * ms}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				waits, journal, r := preempted(t, 1, test.task, test.offers...)
				for i, wait := range waits {
					if wait < test.least[i] || wait > test.least[i]+soon {
						t.Errorf("task %d waits for %v, want about %v", i, wait, test.least[i])
					}
				}
				if n := slices.Index(journal, "ack"); test.yields > 0 && n != test.yields {
					t.Errorf("%d yields, want %d: %q", n, test.yields, journal)
				}
				if n := len(slices.DeleteFunc(journal, func(s string) bool { return !strings.HasPrefix(s, "return") })); n > 0 {
					t.Errorf("%d returns", n)
				}
				if s := r.Stats(); s.Failures+s.SieveFailures > 0 {
					t.Errorf("%+v", s)
				}
				if err := r.drain(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestPreemptFirm: while firm tasks run, the worker asks for no ordinary tasks.
func TestPreemptFirm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newSieveRig(t, 1)
		r.offer(r.sieveTask(0, sieveQuick, task.FirmTime), r.sieveTask(4096, sieveQuick, task.FirmTime))
		r.start()
		time.Sleep(2*task.FirmTime - time.Second)
		if n := r.source.asides(); n != 0 {
			t.Errorf("%d requests for ordinary tasks", n)
		}
		r.drain()
	})
}

// TestPreemptOneOfMany: one ordinary task ends one task of a part. Several that come together end as many.
func TestPreemptOneOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quick := func(r *rig, first uint64) *Delivery { return r.sieveTask(first, sieveQuick, 10*time.Second) }
		_, journal, r := preempted(t, 4, quick, 2050*time.Millisecond)
		synctest.Wait()
		acks := func(journal []string) (n int) {
			for _, line := range journal {
				if line == "ack" {
					n++
				}
			}
			return n
		}
		if n := acks(journal); n > 2 || r.Stats().Busy != 4 {
			t.Errorf("%d tasks have ended", n)
		}
		time.Sleep(1500 * time.Millisecond)
		r.journal.take()
		for i := range uint64(3) {
			r.source.others <- r.chunk(100+i, 10)
		}
		time.Sleep(250 * time.Millisecond)
		if n := acks(r.journal.take()); r.Stats().Numbers != 4 || n != 6 {
			t.Errorf("%d numbers, %d tasks have ended", r.Stats().Numbers, n)
		}
		r.drain()
	})
}

// TestPreemptIdle: a worker that sieves asks for ordinary tasks once, and anew after each of its own tasks, not more often.
func TestPreemptIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newSieveRig(t, 2)
		for i := range uint64(4) {
			r.offer(r.sieveTask(4096*i, sieveQuick, 20*time.Second))
		}
		r.start()
		time.Sleep(35 * time.Second)
		if n := r.source.asides(); n < 2 || n > 4 {
			t.Errorf("%d requests for ordinary tasks", n)
		}
		if n := len(r.source.asked()); n > 8 {
			t.Errorf("%d requests", n)
		}
		r.Quarantine()
		time.Sleep(time.Second)
		before := r.source.asides()
		time.Sleep(10 * time.Second)
		if r.source.asides() != before {
			t.Error("a worker in quarantine asks for tasks")
		}
		r.drain()
	})
}

// TestPromote: the first ordinary task comes before those of parts, and the order is else kept.
func TestPromote(t *testing.T) {
	for _, test := range []struct{ before, after string }{{"", ""}, {"p", "p"}, {"o", "o"}, {"op", "op"}, {"po", "op"}, {"ppopo", "opppo"}, {"ppo", "opp"}} {
		var q deliveryQueue
		for _, c := range test.before {
			q.push(&Delivery{expendable: c == 'p'})
		}
		q.promote()
		q.push(&Delivery{})
		got := ""
		for d := q.pop(); d != nil; d = q.pop() {
			got += map[bool]string{true: "p", false: "o"}[d.expendable]
		}
		if got != test.after+"o" || q.len != 0 {
			t.Errorf("%q becomes %q", test.before, got)
		}
	}
}

// TestNothingAheadOfParts: after a task of a part has arrived, a worker whose tasks were short requests tasks for free
// slots only, until no more such tasks come.
func TestNothingAheadOfParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newSieveRig(t, 1)
		for i := range uint64(20) {
			r.offer(r.chunk(i, 1))
		}
		r.start()
		time.Sleep(time.Second)
		r.offer(r.sieveTask(0, sieveQuick, time.Second))
		time.Sleep(500 * time.Millisecond)
		before := len(r.source.asked())
		for i := range uint64(40) {
			r.offer(r.chunk(20+i, 1))
		}
		time.Sleep(time.Second)
		if asked := r.source.asked()[before:]; len(asked) < 40 || slices.Max(asked) > 1 {
			t.Errorf("it requests %v", asked)
		}
		time.Sleep(partsFor)
		if asked := r.source.asked(); asked[len(asked)-1] < 2 {
			t.Errorf("later it requests %v", asked[len(asked)-1])
		}
		r.drain()
	})
}
