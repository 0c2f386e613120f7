package job

import (
	"slices"
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// namedRanges are the ranges that heartbeats name.
type namedRanges map[task.Range]fleet.Holder

func (n namedRanges) HeldRanges(string) map[task.Range]fleet.Holder { return n }
func (namedRanges) FreeSlots(string) int                            { return 0 }
func (namedRanges) AnotherRuns(string) bool                         { return false }

// TestLeftToWorkers: missing ranges that heartbeats name are left to their workers, for a bounded time.
func TestLeftToWorkers(t *testing.T) {
	first := func(left []task.Range, _ uint64) []task.Range { return left }
	range1, range2, queued := task.Range{First: 10, Count: 5}, task.Range{First: 30, Count: 1}, task.Range{First: 90, Count: 5}
	named := namedRanges{range1: {}, range2: {}, queued: {}, {First: 38, Count: 9}: {}}
	l := &loop{job: &task.Job{ID: "j", Budget: time.Minute}}
	m, now := new(leftToWorkers), time.Now()
	look := func(after time.Duration) (left []task.Range, pending uint64) {
		var set task.Set
		set.Add(task.Range{First: 0, Count: 40})
		left = m.take(l, &set, now.Add(after))
		slices.SortFunc(left, func(a, b task.Range) int { return int(a.First) - int(b.First) })
		return left, set.Len()
	}
	if left, pending := look(0); len(left) > 0 || pending != 40 {
		t.Errorf("without heartbeats: %v, %d", left, pending)
	}
	l.overdue.registry = named
	if left, pending := look(0); !slices.Equal(left, []task.Range{range1, range2}) || pending != 34 {
		t.Errorf("%v, %d", left, pending)
	}
	if left, pending := look(3 * time.Minute); !slices.Equal(left, []task.Range{range1}) || pending != 35 {
		t.Errorf("after the time of one number: %v, %d", left, pending)
	}
	if left, pending := look(6 * time.Minute); len(left) > 0 || pending != 40 {
		t.Errorf("after the time of both: %v, %d", left, pending)
	}
	delete(named, range1)
	look(7 * time.Minute)
	named[range1], named[task.Range{First: 11, Count: 4}] = fleet.Holder{}, fleet.Holder{}
	if left, _ := look(8 * time.Minute); len(left) > 0 {
		t.Errorf("named once more, and another range: %v", left)
	}
	if *m = (leftToWorkers{}); len(first(look(9*time.Minute))) != 2 { // as after a pause
		t.Error("ranges are not left once more")
	}
	if *m = (leftToWorkers{never: true}); len(first(look(9*time.Minute))) > 0 {
		t.Error("ranges of a job that begins are left")
	}
	for _, test := range []struct {
		budget time.Duration
		count  uint64
		want   time.Duration
	}{{0, 1, 10 * time.Minute}, {time.Second, 1, 2 * time.Minute}, {time.Minute, 4096, time.Hour}, {1 << 62, 1 << 40, time.Hour}} {
		if got := patienceOf(&task.Job{Budget: test.budget}, task.Range{Count: test.count}); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
