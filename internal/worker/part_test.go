package worker

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/task"
)

// TestSieve: yields are stored while the task runs, and the ack follows them. The task is held and shown like others,
// its CPU time counts, and numbers do not.
func TestSieve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newSieveRig(t, 1)
		r.offer(r.sieveTask(8192, sieveWell, 3*time.Second))
		r.start()
		time.Sleep(1500 * time.Millisecond)
		if s := r.Stats(); len(s.Activities) != 1 || s.Activities[0].Job != "cpart" || s.Activities[0].Digits != 90 || s.Busy != 1 {
			t.Errorf("%+v", s)
		}
		if got := fmt.Sprint(r.Holding()); got != "[cpart.8192-4096.0]" {
			t.Errorf("it holds %s", got)
		}
		time.Sleep(3 * time.Second)
		if s := r.Stats(); s.CPU != 3*time.Second || s.Numbers != 0 || s.Failures != 0 || s.Tasks != 1 || s.Busy != 0 || len(s.Activities) != 0 {
			t.Errorf("%+v", s)
		}
		r.drain()
		got := slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" })
		if want := []string{"yield cpart 8192-1", "yield cpart 8193-1", "yield cpart 8194-1", "ack"}; !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	})
}

// TestSieveIsExpendable: whatever happens to a sieve task, it is acked, and nothing but yields is stored. No ledger is
// told, and no failure counts.
func TestSieveIsExpendable(t *testing.T) {
	for name, test := range map[string]struct {
		how     byte
		spoil   func(*Delivery)
		before  func(*rig)
		order   func(*rig)    // after 1.5 s
		yields  int           // stored
		settled time.Duration // most time from the order, or the start
	}{
		"second delivery": {how: sieveWell, spoil: func(d *Delivery) { d.Attempt = 2 }},
		"third delivery":  {how: sieveWell, spoil: func(d *Delivery) { d.Attempt = 3 }},
		"one coefficient for the third time": {how: sieveWell, spoil: func(d *Delivery) {
			d.Attempt, d.Range.Count = 3, 1
		}},
		"schema":     {how: sieveWell, spoil: func(d *Delivery) { d.Schema = "9" }},
		"garbage":    {how: sieveWell, spoil: func(d *Delivery) { d.Data = append(d.Data, 0xff) }},
		"no content": {how: sieveWell, spoil: func(d *Delivery) { d.Data = (&task.Task{Kind: task.KindSieve}).Encode() }},
		"curves":     {how: sieveWell, spoil: asCurves(sieveWell), settled: time.Minute, yields: 60},
		"curves, second delivery": {how: sieveWell, spoil: func(d *Delivery) {
			asCurves(sieveWell)(d)
			d.Attempt = 2
		}},
		"curves without content":    {how: sieveWell, spoil: func(d *Delivery) { d.Data = (&task.Task{Kind: task.KindECM}).Encode() }},
		"curves, panic":             {how: sieveWell, spoil: asCurves(sievePanics), settled: restAfterFailure},
		"curves, drain":             {how: sieveWell, spoil: asCurves(sieveWell), order: func(r *rig) { r.stop() }, yields: 1},
		"curves, cancel":            {how: sieveWell, spoil: asCurves(sieveWell), order: func(r *rig) { r.Cancel("cpart") }, yields: 1},
		"curves, not computed here": {how: sieveWell, spoil: asCurves(sieveWell), before: func(r *rig) { delete(r.Worker.config.Parts, task.KindECM) }},
		"panic":                     {how: sievePanics, settled: restAfterFailure},
		"error":                     {how: sieveFails, settled: restAfterFailure},
		"hang":                      {how: sieveHangs, settled: 6 * time.Second},
		"too long":                  {how: sieveOver, settled: 2*task.MaxSieveTime + 33*time.Second},
		"drain":                     {how: sieveWell, order: func(r *rig) { r.stop() }, yields: 1},
		"stop":                      {how: sieveWell, order: func(r *rig) { r.stop(); r.StopComputing() }, yields: 1},
		"cancel":                    {how: sieveWell, order: func(r *rig) { r.Cancel("cpart") }, yields: 1},
		"quarantine":                {how: sieveWell, order: func(r *rig) { r.Quarantine() }, yields: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, _ := newSieveRig(t, 2)
				ledger := &fakeLedger{active: make(map[int]string)}
				r.Worker.config.Ledger = ledger
				if test.before != nil {
					test.before(r)
				}
				d := r.sieveTask(0, test.how, time.Minute)
				if test.spoil != nil {
					test.spoil(d)
				}
				r.offer(d)
				r.start()
				if test.order != nil {
					time.Sleep(1500 * time.Millisecond)
					test.order(r)
				}
				time.Sleep(test.settled + 100*time.Millisecond)
				got := slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" })
				what := "yield cpart"
				if strings.HasPrefix(name, "curves") {
					what = "yield of curves cpart"
				}
				if n := len(got); n != test.yields+1 || got[n-1] != "ack" || n > 1 && !strings.HasPrefix(got[0], what) {
					t.Errorf("got %q", got)
				}
				if s := r.Stats(); s.Failures != 0 || s.Numbers != 0 || s.Held != 0 {
					t.Errorf("%+v", s)
				}
				if len(ledger.begun) > 0 {
					t.Errorf("the ledger has %q", ledger.begun)
				}
				close(r.kind.release)
				r.drain()
			})
		})
	}
}

// asCurves makes a delivery one of curves.
func asCurves(how byte) func(*Delivery) {
	return func(d *Delivery) { d.Data = (&rig{}).curvesTask(0, how, time.Minute).Data }
}

// TestSieveForMemory: a sieve task that is interrupted because the memory is in use is dropped like others. The slot
// rests before it takes the next one.
func TestSieveForMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newSieveRig(t, 1)
		var heap atomic.Uint64
		r.Worker.config.MaxMemory, r.Worker.heap = 1000, heap.Load
		r.offer(r.sieveTask(0, sieveWell, time.Minute), r.sieveTask(4096, sieveWell, time.Minute))
		r.start()
		time.Sleep(1520 * time.Millisecond)
		heap.Store(1001)
		time.Sleep(200 * time.Millisecond)
		heap.Store(0)
		time.Sleep(time.Second)
		if s := r.Stats(); s.Busy != 1 || len(s.Activities) != 0 || s.Failures != 0 {
			t.Errorf("%+v", s)
		}
		time.Sleep(2 * time.Second)
		if s := r.Stats(); s.Busy != 1 || len(s.Activities) != 1 || s.Failures != 0 {
			t.Errorf("%+v", s)
		}
		r.drain()
		got := slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" })
		if want := []string{"yield cpart 0-1", "ack", "yield cpart 4096-1", "ack"}; !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	})
}

// TestSieveRests: a worker that cannot sieve does not take all tasks of a campaign: its slot rests after each. The end of
// the campaign ends the rest.
func TestSieveRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newSieveRig(t, 1)
		for i := range uint64(10) {
			r.offer(r.sieveTask(4096*i, sieveFails, time.Second))
		}
		r.start()
		time.Sleep(restAfterFailure - 100*time.Millisecond)
		if n := len(r.source.tasks); n != 9 || r.journal.count("ack") > 0 {
			t.Errorf("%d tasks are left, %d acked", n, r.journal.count("ack"))
		}
		r.Cancel("cpart")
		time.Sleep(100 * time.Millisecond)
		if n := r.journal.count("ack"); n != 10 {
			t.Errorf("%d tasks acked after the order", n)
		}
		r.drain()
	})
}

// TestSieveWaits: while the server stores nothing, two yields are on their way and the sieve waits. A drain stores one
// more, even of a siever that does not end.
func TestSieveWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, box := newSieveRig(t, 1)
		r.outbox.blocked = make(chan struct{})
		r.offer(r.sieveTask(0, sieveFast, time.Minute))
		r.start()
		time.Sleep(30 * time.Second)
		now, _ := box.sent()
		if beats := r.journal.count("beat"); now != maxYields || beats < 20 || beats != len(r.journal.take()) {
			t.Errorf("%d yields on their way, %d beats", now, beats)
		}
		r.stop()
		time.Sleep(time.Second)
		close(r.outbox.blocked)
		if err := <-r.result; err != nil {
			t.Error(err)
		}
		got := slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" })
		_, most := box.sent()
		if n := len(got); n != maxYields+2 || got[n-1] != "ack" || most != maxYields+1 {
			t.Errorf("%d on their way, %.200q", most, got)
		}
	})
}

// TestSieveBesideNumbers: after tasks of a millisecond several are pulled ahead. Sieve tasks end that, so that no number
// waits behind one. Those that wait themselves are dropped when the worker leaves.
func TestSieveBesideNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newSieveRig(t, 1)
		for i := range uint64(20) {
			r.offer(r.chunk(i, 1))
		}
		r.start()
		time.Sleep(time.Second)
		r.offer(r.sieveTask(0, sieveWell, 2*time.Second))
		time.Sleep(3 * time.Second)
		r.journal.take()
		r.offer(r.sieveTask(4096, sieveWell, 2*time.Second), r.chunk(100, 1))
		time.Sleep(time.Second)
		if n := len(r.source.tasks); n != 1 {
			t.Errorf("%d tasks are in the queue, want 1", n)
		}
		r.source.late = []*Delivery{r.sieveTask(8192, sieveWell, 2*time.Second)}
		if err := r.drain(); err != nil {
			t.Error(err)
		}
		if n := r.journal.count("return"); n > 0 {
			t.Errorf("%d returns", n)
		}
	})
}

// TestSieveRoom: a worker whose tasks were short keeps one waiting sieve task for each slot, and drops the others that
// it has pulled ahead at once.
func TestSieveRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newSieveRig(t, 2)
		for i := range uint64(40) {
			r.offer(r.chunk(i, 1))
		}
		r.start()
		time.Sleep(time.Second)
		r.journal.take()
		var tasks []*Delivery
		for i := range uint64(10) {
			tasks = append(tasks, r.sieveTask(4096*i, sieveWell, 10*time.Second))
		}
		r.offer(tasks...)
		time.Sleep(300 * time.Millisecond)
		if s := r.Stats(); s.Busy != 2 || s.Held != 4 || r.journal.count("ack") != 6 {
			t.Errorf("%+v, %q", s, r.journal.take())
		}
		r.drain()
	})
}

// TestCancelledYields: the end of a campaign drops the yields that wait for the server, and the slot is free at once.
func TestCancelledYields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newSieveRig(t, 1)
		r.outbox.blocked = make(chan struct{})
		r.offer(r.sieveTask(0, sieveWell, 2*time.Second))
		r.start()
		time.Sleep(10500 * time.Millisecond) // sieved, and waits
		r.journal.take()
		r.Cancel("cpart")
		synctest.Wait()
		if s := r.Stats(); s.Busy != 0 {
			t.Errorf("%+v", s)
		}
		r.wantJournal("ack")
		close(r.outbox.blocked)
		r.drain()
	})
}
