package job

import (
	"fmt"
	"testing"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestSuperviseInTurns: more jobs want to be watched than there are places; each has its turn.
func TestSuperviseInTurns(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	const jobs = 12
	for i := range jobs {
		h.feed(fmt.Sprint("j", i))
		if err := h.PurgeQueue(t.Context(), fmt.Sprint("j", i)); err != nil {
			t.Fatal(err)
		}
	}
	p := quickPace
	p.watched, p.hurried = 4, 500*time.Millisecond
	h.supervise(p)
	for i := range jobs {
		await(t, "its tasks are queued again", func() bool { return h.held(schema.StreamTasks, fmt.Sprint("j", i)) > 0 })
	}
}

// TestRotate: while others wait, a job in which something happens leaves its place after its slice,
// which doubles; no more leave than wait. One in which nothing happens leaves in any case.
func TestRotate(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, test := range map[string]struct {
		moved, began []int // seconds ago
		slices       []uint
		waiting      int
		want         string // of each: w watched, l leaving for good, b leaving and coming back
	}{
		"nothing happens":       {[]int{5, 31, 40}, []int{50, 50, 50}, []uint{0, 0, 0}, 0, "wll"},
		"hurried":               {[]int{5, 9, 11}, []int{50, 50, 50}, []uint{0, 0, 0}, 3, "wwl"},
		"slice over":            {[]int{1, 1, 1}, []int{59, 61, 61}, []uint{0, 0, 1}, 3, "wbw"},
		"slice over, none wait": {[]int{1, 1, 1}, []int{59, 61, 61}, []uint{0, 0, 0}, 0, "www"},
		"long turns":            {[]int{1, 1, 1}, []int{119, 121, 10000}, []uint{1, 1, 60}, 3, "wbw"},
		"quiet makes room":      {[]int{1, 12, 1}, []int{90, 90, 30}, []uint{0, 0, 0}, 1, "wlw"},
	} {
		s := &supervisor{pace: normalPace, watching: make(map[string]*supervised), waiting: make([]*supervised, test.waiting)}
		s.pace.watched = 3
		var list []*supervised
		for i := range test.moved {
			e := &supervised{state: watched, stop: func(error) {}, began: now.Add(-time.Duration(test.began[i]) * time.Second), slices: test.slices[i]}
			e.activity.Store(now.Add(-time.Duration(test.moved[i]) * time.Second).UnixNano())
			list = append(list, e)
			s.watching[fmt.Sprint(i)] = e
		}
		s.rotate(now)
		got := ""
		for _, e := range list {
			switch {
			case e.state == watched:
				got += "w"
			case e.rejoin:
				got += "b"
			default:
				got += "l"
			}
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// TestPark: a job with numbers unaccounted for is watched again soon, and longer each time; another
// after an hour at most.
func TestPark(t *testing.T) {
	t.Parallel()
	s := &supervisor{pace: normalPace, now: time.Now, survey: new(fleet.Survey)}
	now := time.Now()
	e := &supervised{manifest: &task.Job{ID: "j", State: task.Sealed, Count: 10}, queue: new(fleet.QueueOfJob)}
	sum := &Summary{Counts: collect.Counts{Verified: 8, Dead: 1}}
	for _, want := range []time.Duration{60, 120, 240, 300, 300} {
		s.park(e, sum, now)
		if wait := e.checkAt.Sub(now); wait != want*time.Second {
			t.Errorf("watched again after %v, want %d s", wait, want)
		}
	}
	if p := s.patience(e, s.pace.quiet); p != 16*time.Minute {
		t.Errorf("parked when quiet for %v", p)
	}
	sum.Verified++
	s.park(e, sum, now)
	if again := e.checkAt.Sub(now); again < 30*time.Minute || again > time.Hour || e.incomplete != 0 {
		t.Errorf("watched again after %v", again)
	}
}
