package worker

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// counts is a Recorder that counts calls by their arguments.
type counts struct {
	mu sync.Mutex
	of map[string]int
}

func (c *counts) add(n int, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = make(map[string]int)
	}
	c.of[fmt.Sprintf(format, args...)] += n
}

func (c *counts) Answered(kind string, numbers []nat.Nat, items []task.Factorization) {
	if len(numbers) != len(items) {
		panic("numbers and answers differ in length")
	}
	c.add(len(items), "answered %s", kind)
}
func (c *counts) Ran(time.Duration)               { c.add(1, "ran") }
func (c *counts) Failed(why FailureCause)         { c.add(1, "failed %s", why) }
func (c *counts) Redelivered(why RedeliveryCause) { c.add(1, "redelivered %s", why) }
func (c *counts) Returned(n int)                  { c.add(n, "returned") }
func (c *counts) RanPart(kind string, cpu time.Duration, failed bool) {
	c.add(1, "part %s %v %t", kind, cpu, failed)
}

// String returns the counts, sorted by name.
func (c *counts) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for _, name := range slices.Sorted(maps.Keys(c.of)) {
		list = append(list, fmt.Sprintf("%s: %d", name, c.of[name]))
	}
	return strings.Join(list, ", ")
}

// TestRecorder: what a Recorder hears of each outcome.
func TestRecorder(t *testing.T) {
	for _, test := range []struct {
		name    string
		numbers []uint64
		change  func(d *Delivery)
		want    string
	}{
		{"answered", []uint64{1, 2, 3}, nil, "answered script: 3, ran: 1"},
		{"a long task", []uint64{20_000, 1}, nil, "answered script: 2, ran: 1"},
		{"fails", []uint64{breaks}, nil, "failed error: 1, ran: 1, redelivered failure: 1"},
		{"panics for the last time", []uint64{panics}, onAttempt(3), "failed error: 1, ran: 1"},
		{"fails among others", []uint64{1, breaks, 3}, nil, "answered script: 2, failed error: 1, ran: 1, returned: 1"},
		{"does not tick", []uint64{1, freezes, 3}, nil, "answered script: 2, failed silent: 1, ran: 1, returned: 1"},
		{"takes too long", []uint64{forever}, nil, "failed overtime: 1, ran: 1, redelivered failure: 1"},
		{"does not end", []uint64{hangs}, nil, "failed hang: 1, redelivered failure: 1"},
		{"is not a task", []uint64{1}, func(d *Delivery) { d.Data = []byte{0xff} }, "failed malformed: 1"},
		{"has an unknown kind", []uint64{1}, kind("alchemy"), "returned: 1"},
		{"is forgotten", []uint64{1}, func(d *Delivery) { d.Handle.(*fakeHandle).forgotten = true }, "answered script: 1, ran: 1, redelivered forgotten: 1"},
		{"is not acked", []uint64{500}, func(d *Delivery) { d.Handle.(*fakeHandle).refuse = 1 << 30 }, "answered script: 1, ran: 1, redelivered unsettled: 1"},
		{"lapses", []uint64{1, freezes, 2}, func(d *Delivery) { d.Handle.(*fakeHandle).offline = true },
			"answered script: 2, failed silent: 1, ran: 1, redelivered lapsed: 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, c := newRig(t, 2), new(counts)
				defer close(r.kind.release)
				r.config.Recorder = c
				if test.name == "lapses" {
					r.config.AckWait = time.Second // it is over before the computation is given up
				}
				d := r.chunk(0, test.numbers...)
				if test.change != nil {
					test.change(d)
				}
				r.offer(d)
				r.start()
				time.Sleep(time.Hour) // a number may take 40 times its budget
				if got := c.String(); got != test.want {
					t.Errorf("%s, want %s", got, test.want)
				}
				r.drain()
			})
		})
	}
}
