package worker

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/task"
)

// TestLastAttempts: of two last deliveries that come together one goes back before the
// other begins, be the order as it may; what comes alone is not spared.
func TestLastAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		r.start()
		last := func(first, number uint64) *Delivery {
			d := r.chunk(first, number)
			d.Attempt = 3
			return d
		}
		r.offer(last(0, panics), last(1, 1))
		time.Sleep(100 * time.Millisecond)
		r.wantJournal("return 1-1 spared", "ack", "dead 0-1", "term")
		r.offer(last(2, panics))
		time.Sleep(time.Second)
		r.wantJournal("dead 2-1", "term")
		r.offer(last(3, 500), last(4, 1), last(5, 1))
		time.Sleep(2 * time.Second)
		r.wantJournal("return 4-1 spared", "ack", "result 3-1", "ack", "result 5-1", "ack")
		if err := r.drain(); err != nil {
			t.Error(err)
		}
	})
}

// TestLastAttemptsDrain: a drain does not wait for a turn that does not come.
func TestLastAttemptsDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		r.start()
		d, e := r.chunk(0, 20_000), r.chunk(1, 1)
		d.Attempt, e.Attempt = 3, 3
		r.offer(d)
		time.Sleep(11 * time.Second) // now others are pulled again
		r.Worker.mu.Lock()
		r.Worker.spared, r.Worker.sparedSince = mostSpared, time.Now()
		r.Worker.mu.Unlock()
		r.offer(e)
		time.Sleep(time.Second)
		if r.journal.count("result") > 0 || r.journal.count("return") > 0 {
			t.Errorf("two last attempts at once: %q", r.journal.take())
		}
		r.Hurry()
		if err := r.drain(); err != nil {
			t.Error(err)
		}
		if r.journal.count("return 0-1") != 1 || r.journal.count("return 1-1 spared") != 1 {
			t.Errorf("%q", r.journal.take())
		}
	})
}

// A fakeLedger says that tasks have killed.
type fakeLedger struct {
	deaths int

	mu     sync.Mutex
	begun  []string
	active map[int]string
}

func (l *fakeLedger) Deaths(task.Address) int { return l.deaths }

func (l *fakeLedger) Begin(slot int, a task.Address) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun = append(l.begun, a.Range.String())
	l.active[slot] = a.Range.String()
}

func (l *fakeLedger) End(slot int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.active, slot)
}

// TestLedger: what has killed earlier processes counts as delivered to them, even if
// the server has forgotten it.
func TestLedger(t *testing.T) {
	for _, test := range []struct {
		deaths  int
		numbers []uint64
		begun   int
		want    []string
	}{
		{0, []uint64{1, 1}, 1, []string{"result 0-2", "ack"}},
		{1, []uint64{1, 1}, 0, []string{"return 0-2 isolate in 2", "ack"}},
		{5, []uint64{1, 1}, 0, []string{"return 0-2 isolate in 2", "ack"}},
		{1, []uint64{breaks}, 1, []string{"failed 0-1 #2", "nak"}},
		{2, []uint64{breaks}, 1, []string{"dead 0-1", "term"}},
		{3, []uint64{1}, 0, []string{"dead 0-1", "term"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, 2)
			l := &fakeLedger{deaths: test.deaths, active: make(map[int]string)}
			r.Worker.config.Ledger = l
			r.offer(r.chunk(0, test.numbers...))
			r.start()
			time.Sleep(time.Second)
			r.wantJournal(test.want...)
			if len(l.begun) != test.begun || len(l.active) != 0 {
				t.Errorf("%d deaths: begun %v, active %v", test.deaths, l.begun, l.active)
			}
			r.drain()
		})
	}
}
