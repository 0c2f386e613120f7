package worker

import (
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// TestTooLarge: numbers of more digits than a worker accepts are handed back for another one, and the rest of their chunk
// is queued again without them.
func TestTooLarge(t *testing.T) {
	anywhere := func(d *Delivery) { d.Anywhere = true }
	for _, test := range []struct {
		name              string
		digits, memory    int
		numbers           []uint64
		change            func(*Delivery)
		want              []string
		ofAnotherKindOnly bool
	}{
		{"no limit", 0, 0, []uint64{1000}, nil, []string{"result 100-1", "ack"}, false},
		{"all fit", 3, 0, []uint64{10, 999}, nil, []string{"result 100-2", "ack"}, false},
		{"too large", 2, 0, []uint64{100}, nil, []string{"return 100-1 too large", "ack"}, false},
		{"too large for the memory", 0, 2, []uint64{100}, nil, []string{"return 100-1 too large", "ack"}, false},
		{"some of a chunk", 2, 9, []uint64{1000, 1001, 10, 11, 1002}, nil,
			[]string{"return 100-2 too large", "return 102-2 drained", "return 104-1 too large", "ack"}, false},
		{"nobody has more memory", 0, 2, []uint64{100}, anywhere, []string{"result 100-1", "ack"}, false},
		{"its user permits no more", 2, 1, []uint64{100}, anywhere, []string{"return 100-1 too large", "ack"}, false},
		{"a chunk that killed a worker is split first", 2, 0, []uint64{10, 1000}, onAttempt(2), []string{"return 100-2 isolate in 2", "ack"}, false},
		{"last attempt", 2, 0, []uint64{1000}, onAttempt(3), []string{"return 100-1 too large", "ack"}, false},
		{"another kind", 2, 0, []uint64{1000}, nil, []string{"result 100-1", "ack"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				r.config.MaxDigits, r.config.MemoryDigits = test.digits, test.memory
				r.config.Kinds[task.KindFactor] = r.kind
				d := r.chunk(100, test.numbers...)
				if !test.ofAnotherKindOnly {
					kind(task.KindFactor)(d)
				}
				if test.change != nil {
					test.change(d)
				}
				r.offer(d)
				r.start()
				time.Sleep(4 * time.Second)
				r.wantJournal(test.want...)
				if err := r.drain(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestAccepts: what a worker says that it accepts.
func TestAccepts(t *testing.T) {
	for _, test := range []struct {
		status       Status
		number, with bool
	}{
		{Status{}, true, true}, {Status{MaxDigits: 2}, false, false}, {Status{MaxDigits: 3}, true, true},
		{Status{MemoryDigits: 2}, true, false}, {Status{MaxDigits: 3, MemoryDigits: 2}, true, false},
	} {
		if a, b := test.status.Accepts(nat.New(100), false), test.status.Accepts(nat.New(100), true); a != test.number || b != test.with {
			t.Errorf("%+v: %v, %v", test.status, a, b)
		}
	}
}
