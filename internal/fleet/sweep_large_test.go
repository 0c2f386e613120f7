package fleet

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestPlaceLarge: where a number is queued that a worker does not accept.
func TestPlaceLarge(t *testing.T) {
	n := nat.FromBytes([]byte{255, 255, 255, 255, 255, 255, 255, 255, 255}) // 22 digits
	any := worker.Status{Offers: []string{"large"}}
	old := worker.Status{}
	small, enough := worker.Status{MaxDigits: 21}, worker.Status{MaxDigits: 22}
	short := worker.Status{MemoryDigits: 21}
	for _, test := range []struct {
		workers  []worker.Status
		class    task.Class
		anywhere bool
		pause    bool
	}{
		{nil, "norm", false, true},
		{[]worker.Status{small}, "norm+large", false, false},
		{[]worker.Status{small, any}, "norm+large", false, false},
		{[]worker.Status{old, any}, "norm+large", false, false},
		{[]worker.Status{small, old}, "norm", false, true},
		{[]worker.Status{small, enough}, "norm", false, true},
		{[]worker.Status{small, short}, "norm", true, false},
		{[]worker.Status{{MaxDigits: 21, MemoryDigits: 21}}, "norm+large", false, false},
	} {
		class, h, pause := placeLarge(task.ClassNorm, test.workers, n)
		if class != test.class || h.anywhere != test.anywhere || pause != test.pause {
			t.Errorf("%+v: %s %v %v", test.workers, class, h, pause)
		}
	}
	if class, _, _ := placeLarge("hi+a+b", []worker.Status{{Offers: []string{"a", "b", "large"}}}, n); class != "hi+a+b+large" {
		t.Errorf("%s", class)
	}
	if class, _, pause := placeLarge("hi+a+b+c+d", []worker.Status{any}, n); class != "hi+a+b+c+d" || !pause {
		t.Errorf("%s", class)
	}
}

// TestSweepLarge: a number that a worker hands back for its size is queued for a worker that accepts it, once.
func TestSweepLarge(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 10)
	large := h.offering("large", "large")
	if err := errorsOf(large.Beat(worker.Status{Offers: []string{"large"}, Stats: worker.Stats{State: worker.StateRunning, Slots: 1}}), large.nc.Flush()); err != nil {
		t.Fatal(err)
	}
	background(t, h.Sweep)
	h.put(schema.ReturnSubject("j", single(3), "0", "w"), (&task.Return{Reason: task.TooLarge}).Encode())
	var got []string
	await(t, "the number", func() bool {
		h.forgetRoute("")
		h.announce(large)
		text, deliveries := pull(t, large, 1)
		got = append(got, text...)
		ack(t, deliveries)
		return len(got) > 0
	})
	if fmt.Sprint(got) != "[norm+large j 3-1 1]" {
		t.Errorf("%v", got)
	}
}

// TestLargeMoves: a number that waits for a worker which accepts it is computed by one with too little memory if all such
// workers have left.
func TestLargeMoves(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Second})
	j, _ := h.job("j", task.ClassNorm, 30)
	class := task.ClassNorm.Routed(task.OfferLarge)
	if err := h.EnsureRoute(t.Context(), class); err != nil {
		t.Fatal(err)
	}
	x, err := h.Failures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.put(schema.TaskSubject(task.Address{Class: class, Job: "j", Range: single(25), Round: "0"}), (&task.Task{Kind: j.Kind, Numbers: numbers(25, 1)}).Encode())
	queued := func(status worker.Status) string {
		t.Helper()
		status.State = worker.StateRunning
		if err := h.station("w").Beat(status); err != nil {
			t.Fatal(err)
		}
		await(t, "its heartbeat", func() bool {
			return slices.ContainsFunc(x.registry.Workers(), func(s worker.Status) bool {
				return s.MaxDigits == status.MaxDigits && s.MemoryDigits == status.MemoryDigits
			})
		})
		if err := newProbe(x).search(t.Context(), class, make(map[task.Address]task.Class)); err != nil {
			t.Fatal(err)
		}
		return strings.Join(h.subjects(schema.StreamTasks), " ")
	}
	if got := queued(worker.Status{MaxDigits: 1}); got != "tasks.norm+large.j.25-1.0" {
		t.Errorf("queued %s", got)
	}
	if got := queued(worker.Status{MemoryDigits: 1}); !strings.HasPrefix(got, "tasks.norm.j.25-1.") || strings.Contains(got, " ") {
		t.Errorf("queued %s", got)
	}
	_, deliveries := pull(t, h.station("w"), 1)
	if len(deliveries) != 1 || !deliveries[0].Anywhere {
		t.Errorf("%+v", deliveries)
	}
}

// TestLargeIsTaken: a worker says that it takes large numbers, and takes none. A number that another worker accepts goes to
// that worker; one that none accepts waits, and so does a task that is delivered.
func TestLargeIsTaken(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Minute})
	j, _ := h.job("j", task.ClassNorm, 30)
	class := task.ClassNorm.Routed(task.OfferLarge)
	if err := h.EnsureRoute(t.Context(), class); err != nil {
		t.Fatal(err)
	}
	x, err := h.Failures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	queue := func(i int) {
		h.put(schema.TaskSubject(task.Address{Class: class, Job: "j", Range: single(i), Round: "0"}), (&task.Task{Kind: j.Kind, Numbers: numbers(i, 1)}).Encode())
	}
	queue(24)
	mallory := h.offering("mallory", task.OfferLarge)
	h.announce(mallory)
	await(t, "a task is delivered", func() bool { text, _ := pull(t, mallory, 1); return len(text) == 1 })
	queue(25)
	running := worker.Stats{State: worker.StateRunning}
	if err := mallory.Beat(worker.Status{Offers: []string{task.OfferLarge}, Stats: running}); err != nil {
		t.Fatal(err)
	}
	honest := h.station("w")
	queued := func(digits int, patience time.Duration) string {
		t.Helper()
		if err := honest.Beat(worker.Status{MaxDigits: digits, Stats: running}); err != nil {
			t.Fatal(err)
		}
		await(t, "the heartbeats", func() bool {
			list := x.registry.Workers()
			return len(list) == 2 && slices.ContainsFunc(list, func(s worker.Status) bool { return s.MaxDigits == digits })
		})
		p := newProbe(x)
		p.largePatience = patience
		if err := p.search(t.Context(), class, make(map[task.Address]task.Class)); err != nil {
			t.Fatal(err)
		}
		return strings.Join(h.subjects(schema.StreamTasks), " ")
	}
	const both = "tasks.norm+large.j.24-1.0 tasks.norm+large.j.25-1.0"
	if got := queued(1, 0); got != both {
		t.Errorf("no worker accepts it: %s", got)
	}
	if got := queued(20, time.Hour); got != both {
		t.Errorf("it waits for a moment: %s", got)
	}
	if got := queued(20, 0); !strings.HasPrefix(got, "tasks.norm+large.j.24-1.0 tasks.norm.j.25-1.") {
		t.Errorf("another worker accepts it: %s", got)
	}
}
