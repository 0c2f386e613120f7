package worker

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/task"
)

// TestLastAttempts: of two last attempts that arrive together one is postponed before the other starts,
// whichever is first; a last attempt that arrives alone is not postponed.
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
		r.wantJournal("return 1-1 spared", "ack", "failed 0-1 #3", "dead 0-1", "term")
		r.offer(last(2, panics))
		time.Sleep(time.Second)
		r.wantJournal("failed 2-1 #3", "dead 2-1", "term")
		r.offer(last(3, 500), last(4, 1), last(5, 1))
		time.Sleep(2 * time.Second)
		r.wantJournal("return 4-1 spared", "ack", "failed 3-1 #3", "result 3-1", "ack", "failed 5-1 #3", "result 5-1", "ack")
		if err := r.drain(); err != nil {
			t.Error(err)
		}
	})
}

// TestLastAttemptAlone: a last attempt starts, with its record, when all running tasks have ended. Nothing
// else starts beside it, not even tasks that were pulled ahead, and nothing is pulled, however long it takes.
func TestLastAttemptAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 3)
		r.start()
		last, long, again := r.chunk(1, 60_000), r.chunk(0, 2703), r.chunk(2, panics) // it ends, and is settled, between two looks
		last.Attempt, again.Attempt = 3, 2
		r.offer(long)
		time.Sleep(time.Second)
		r.Worker.mu.Lock()
		r.Worker.prefetch = 10 // as if tasks were short
		r.Worker.mu.Unlock()
		time.Sleep(300 * time.Millisecond) // the next pull asks for more
		r.offer(last, again, r.chunk(3, 1))
		time.Sleep(1500 * time.Millisecond)
		r.offer(r.chunk(4, 1))
		time.Sleep(20 * time.Second)
		// Both wait: a task that no heartbeat names is queued again, and this number may kill its workers.
		if names := r.Holding(); !slices.Equal(names, []string{"job.1-1.0", "job.2-1.0"}) {
			t.Errorf("holding %q", names)
		}
		time.Sleep(100 * time.Second)
		lines := slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" || s == "ack" })
		// A stale task is returned, except one whose return would give it three deliveries more.
		if got, want := strings.Join(lines, ", "), "result 0-1, failed 1-1 #3, return 3-1 drained, result 1-1, failed 2-1 #2, nak, result 4-1"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if err := r.drain(); err != nil {
			t.Error(err)
		}
	})
}

// TestLastAttemptLapsed: a number with more than MaxDeliver attempts, by its header, is left to the sweeper,
// because its last attempt may not have started.
func TestLastAttemptLapsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		r.start()
		d := r.chunk(0, 1)
		d.Attempt = 4
		r.offer(d, r.chunk(1, 1))
		time.Sleep(time.Second)
		r.wantJournal("return 0-1 spared", "ack", "result 1-1", "ack")
		r.drain()
	})
}

// TestLastAttemptUnrecorded: a last attempt does not start before its record is stored, not even when the
// drain's timeout ends the wait.
func TestLastAttemptUnrecorded(t *testing.T) {
	for _, stored := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, 2)
			l := &fakeLedger{active: make(map[int]string)}
			r.Worker.config.Ledger = l
			r.outbox.blocked = make(chan struct{})
			r.start()
			d := r.chunk(0, 1)
			d.Attempt = 3
			r.offer(d)
			time.Sleep(20500 * time.Millisecond)
			if n := r.journal.count("beat"); n != 19 || len(r.journal.take()) != n || len(l.begun) > 0 {
				t.Errorf("%d beats, and more; begun %v", n, l.begun)
			}
			if !stored {
				if err := r.drain(); err == nil || len(l.begun) > 0 {
					t.Errorf("begun %v, %v", l.begun, err)
				}
				return
			}
			close(r.outbox.blocked)
			time.Sleep(100 * time.Millisecond)
			r.wantJournal("failed 0-1 #3", "result 0-1", "ack")
			if f := r.outbox.failures["0-1"]; f.Err != errStarted.Error() || f.Attempt != 3 || len(f.Numbers) != 1 {
				t.Errorf("the record: %+v", f)
			}
			r.drain()
		})
	}
}

// TestLastAttemptsDrain: a drain does not wait for a last attempt that cannot start, whichever of the two
// has started.
func TestLastAttemptsDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		r.start()
		d, e := r.chunk(0, 20_000), r.chunk(1, 20_000)
		d.Attempt, e.Attempt = 3, 3
		r.Worker.mu.Lock()
		r.Worker.postponed, r.Worker.postponedSince = maxPostponed, time.Now()
		r.Worker.mu.Unlock()
		r.offer(d, e)
		time.Sleep(time.Second)
		if r.journal.count("failed") != 1 {
			t.Errorf("two last attempts at once: %q", r.journal.take())
		}
		r.StopComputing()
		if err := r.drain(); err != nil {
			t.Error(err)
		}
		lines := strings.Join(r.journal.take(), ", ")
		begun, waiting := "0-1", "1-1"
		if strings.Contains(lines, "failed 1-1") {
			begun, waiting = waiting, begun
		}
		if !strings.Contains(lines, "return "+begun+" drained") || !strings.Contains(lines, "return "+waiting+" spared") ||
			strings.Count(lines, "return") != 2 || strings.Contains(lines, "result") {
			t.Error(lines)
		}
	})
}

// A fakeLedger counts the same deaths for each task.
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

// TestLedger: the deaths of earlier processes count as deliveries, even if the server does not know of them.
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
		{2, []uint64{breaks}, 1, []string{"failed 0-1 #3", "dead 0-1", "term"}},
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
