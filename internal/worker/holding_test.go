package worker

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/task"
)

// TestHolding: the tasks in slots are named, those that wait in the buffer are not, and an idle worker names none.
func TestHolding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		r.start()
		if names := r.Holding(); len(names) != 0 {
			t.Errorf("without tasks: %q", names)
		}
		r.Worker.mu.Lock()
		r.Worker.prefetch = 10 // as if tasks were short
		r.Worker.mu.Unlock()
		r.offer(r.chunk(0, 900), r.chunk(1, 500), r.chunk(2, 300), r.chunk(3, 1))
		time.Sleep(100 * time.Millisecond)
		want := []string{TaskName(r.chunk(0, 1).Address), TaskName(r.chunk(1, 1).Address)}
		if names := r.Holding(); !slices.Equal(names, want) {
			t.Errorf("names %q, want %q", names, want)
		}
		time.Sleep(500 * time.Millisecond)
		want[1] = TaskName(r.chunk(2, 1).Address)
		if names := r.Holding(); !slices.Equal(names, want) {
			t.Errorf("names %q, want %q", names, want)
		}
		time.Sleep(5 * time.Second)
		if names := r.Holding(); len(names) != 0 {
			t.Errorf("after all tasks: %q", names)
		}
		r.drain()
	})
}

// TestHoldingWhileSettling: a task whose result the server does not take is named until it is settled.
func TestHoldingWhileSettling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		free := make(chan struct{})
		r.outbox.blocked = free
		r.start()
		r.offer(r.chunk(0, 1))
		time.Sleep(time.Minute)
		if names := r.Holding(); len(names) != 1 {
			t.Errorf("names %q", names)
		}
		close(free)
		time.Sleep(time.Second)
		if names := r.Holding(); len(names) != 0 {
			t.Errorf("settled, but names %q", names)
		}
		r.drain()
	})
}

// TestTaskNames: what is not exactly the name of a task is refused.
func TestTaskNames(t *testing.T) {
	t.Parallel()
	a := task.Address{Job: "a_B-9", Range: task.Range{First: 17, Count: 3}, Round: "0"}
	if got, ok := ParseTaskName(TaskName(a)); !ok || got != a {
		t.Errorf("%+v, %v", got, ok)
	}
	for _, name := range []string{"", "j", "j.0-1", "j.0-1.", ".0-1.0", "j.00-1.0", "j.0-0.0", "j.0-1.0.0", "j.0-1.00", "j.0-1.A", "j k.0-1.0", "j.0-1.0\n", strings.Repeat("j", 41) + ".0-1.0"} {
		if _, ok := ParseTaskName(name); ok {
			t.Errorf("%q was accepted", name)
		}
	}
}

// extreme returns a status of the largest size, with tasks of several jobs.
func extreme(slots int) Status {
	s := Status{Version: strings.Repeat("v", 100), Host: strings.Repeat("h", 255), Kernels: "avx512", PID: 1 << 22, Started: time.Now()}
	s.Stats = Stats{State: StateQuarantined, Slots: slots, Busy: slots, Lost: slots, Held: 1 << 20, Tasks: 1 << 63, Numbers: 1 << 63, Failures: 1 << 63, CPU: 1 << 62}
	for range MaxActivities {
		s.Activities = append(s.Activities, Activity{strings.Repeat("j", 40), task.MaxPosition - 1, NumberProgress{
			Digits: 5000, Method: "siqs", B1: 1 << 63, Done: 1 << 63, Total: 1 << 63, Cores: slots, Left: 1 << 62,
			Composite: strings.Repeat("9", 100),
		}})
	}
	for i := range slots {
		r := task.Range{First: task.MaxPosition - 1<<13 + uint64(i), Count: 4096}
		s.Holding = append(s.Holding, TaskName(task.Address{Job: strings.Repeat(string(rune('a'+i%2)), 40), Range: r, Round: "zzzzzzzzzzzz"}))
	}
	return s
}

// TestEncode: a status fits into a heartbeat whatever it contains. Activities are dropped first, then the tasks that
// were named last.
func TestEncode(t *testing.T) {
	t.Parallel()
	const limit = 4096
	for _, slots := range []int{1, 2, 64, 256, 4096} {
		s := extreme(slots)
		whole := slices.Clone(s.Holding)
		b, err := s.Encode(limit)
		if err != nil || len(b) > limit || !slices.Equal(s.Holding, whole) {
			t.Fatalf("%d slots: %d bytes, %v", slots, len(b), err)
		}
		var got Status
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		got.Holding = LongNames(got.Holding, slots)
		n := len(got.Holding)
		slices.Sort(got.Holding)
		if oldest := slices.Sorted(slices.Values(whole[:n])); !slices.Equal(got.Holding, oldest) {
			t.Errorf("%d slots: named are %q", slots, got.Holding)
		}
		t.Logf("%d slots: %d bytes, %d tasks, %d activities", slots, len(b), n, len(got.Activities))
		switch {
		case n < slots && (len(got.Activities) > 0 || len(b) < limit-90):
			t.Errorf("%d slots: only %d tasks in %d bytes, and %d activities", slots, n, len(b), len(got.Activities))
		case slots == 1 && len(got.Activities) < MaxActivities:
			t.Errorf("%d activities", len(got.Activities))
		}
	}
	// The tasks of a usual worker with 256 slots all fit.
	s := Status{Version: "1.2.3", Kernels: "avx512", Host: "worker-17.example.org", PID: 12345, Started: time.Now(), Stats: Stats{State: StateRunning, Slots: 256, Busy: 256}}
	for i := range 256 {
		s.Holding = append(s.Holding, fmt.Sprintf("3bx0000000000.%d-1.0", i+1000))
	}
	b, err := s.Encode(limit)
	var got Status
	if err == nil {
		err = json.Unmarshal(b, &got)
	}
	if err != nil || !slices.Equal(LongNames(got.Holding, 256), s.Holding) {
		t.Errorf("%d of 256 usual tasks are named, %v", len(got.Holding), err)
	}
}

// TestLongNames: names that any client may have written.
func TestLongNames(t *testing.T) {
	t.Parallel()
	got := LongNames([]string{".0-1.0", "j.0-1.0", ".1-1.0", "", ".2-1.0", "k.0-1.0", ".3-1.x", "l.0-1.0"}, 7)
	want := []string{".0-1.0", "j.0-1.0", "j.1-1.0", "", ".2-1.0", "k.0-1.0", "k.3-1.x"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestEncodeComposite: on a machine with many slots, the sieve tasks that it holds do not displace the composite that
// other workers may help with, nor the other tasks.
func TestEncodeComposite(t *testing.T) {
	t.Parallel()
	testEncodeComposite(t, 100, 120)
	testEncodeComposite(t, task.MaxPartDigits, 60)
}

func testEncodeComposite(t *testing.T, digits, least int) {
	const limit = 4096
	s := Status{Version: "1.2.3", Stats: Stats{State: StateRunning, Slots: 300, Busy: 300}}
	for i := range MaxActivities {
		s.Activities = append(s.Activities, Activity{"3bx0000000000", uint64(i), NumberProgress{
			Digits: digits, Method: "siqs", Cores: 1, Left: time.Hour, Composite: strings.Repeat("9", digits),
		}})
	}
	for i := range 300 {
		name := fmt.Sprintf("3bx0000000000.%d-1.0", i+1000)
		if i >= 20 {
			name = fmt.Sprintf("c0123456789ab.%d-4096.0", 1<<30+4096*i)
		}
		s.Holding = append(s.Holding, name)
	}
	b, err := s.Encode(limit)
	var got Status
	if err == nil {
		err = json.Unmarshal(b, &got)
	}
	if err != nil || len(b) > limit {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	got.Holding = LongNames(got.Holding, 600)
	if n := len(got.Holding); len(got.Activities) != 1 || n < least || !slices.Equal(got.Holding, s.Holding[:n]) {
		t.Errorf("%d activities, %d tasks in %d bytes", len(got.Activities), n, len(b))
	}
}
