package job

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// TestAllow: the table of allow, row by row, and rows that come together.
func TestAllow(t *testing.T) {
	now := time.Date(2026, 12, 1, 22, 0, 0, 0, time.UTC)
	at := func(d time.Duration) *time.Time { t := now.Add(d); return &t }
	all := allowance{tasks: dispatchTasks, numbers: dispatchNumbers}
	for name, test := range map[string]struct {
		job     task.Job
		running int
		tokens  float64
		want    allowance
	}{
		"no limit":                      {task.Job{}, 9, 0, all},
		"paused":                        {task.Job{Paused: true}, 0, 1, allowance{}},
		"paused before everything":      {task.Job{Paused: true, After: at(time.Hour), Rate: 1, MaxRunning: 1}, 0, 1, allowance{}},
		"later":                         {task.Job{After: at(20 * time.Second)}, 0, 1, allowance{wait: 20 * time.Second}},
		"much later":                    {task.Job{After: at(time.Hour)}, 0, 1, allowance{wait: longestWait}},
		"now":                           {task.Job{After: at(0)}, 0, 1, all},
		"since a second":                {task.Job{After: at(-time.Second)}, 0, 1, all},
		"room":                          {task.Job{MaxRunning: 5}, 2, 0, allowance{tasks: 3, numbers: dispatchNumbers}},
		"no room":                       {task.Job{MaxRunning: 5}, 5, 0, allowance{}},
		"less than no room":             {task.Job{MaxRunning: 5}, 70, 0, allowance{}},
		"more room than an operation":   {task.Job{MaxRunning: 1 << 20}, 0, 0, all},
		"tokens":                        {task.Job{Rate: 100}, 0, 33.5, allowance{tasks: dispatchTasks, numbers: 33}},
		"no tokens":                     {task.Job{Rate: 2}, 0, 0, allowance{wait: 500 * time.Millisecond}},
		"a debt":                        {task.Job{Rate: 2}, 0, -9, allowance{wait: 5 * time.Second}},
		"a high rate":                   {task.Job{Rate: 1e6}, 0, 0, allowance{wait: rateStep}},
		"a low rate":                    {task.Job{Rate: 1e-3}, 0, 0, allowance{wait: longestWait}},
		"no room for the tokens":        {task.Job{Rate: 2, MaxRunning: 1}, 1, 5, allowance{}},
		"no tokens for the room":        {task.Job{Rate: 2, MaxRunning: 3}, 1, 0, allowance{wait: 500 * time.Millisecond}},
		"both":                          {task.Job{Rate: 2, MaxRunning: 3}, 1, 7, allowance{tasks: 2, numbers: 7}},
		"room and tokens, but later":    {task.Job{Rate: 2, MaxRunning: 3, After: at(time.Second)}, 1, 7, allowance{wait: time.Second}},
		"more tokens than an operation": {task.Job{Rate: 1e9}, 0, 1e9, all},
	} {
		if got := allow(&test.job, test.running, test.tokens, now); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

// TestBucket: whatever the sizes of tasks and the times of the looks are, at most rate*(t+1s) numbers and one task are
// queued in the time t, and all that if there is enough to queue.
func TestBucket(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		rate := []float64{0.02, 0.5, 3, 100, 4000}[seed%5]
		longest := 1 + random.Uint64N(uint64(max(2, 2*rate)))
		j, b := &task.Job{Rate: rate}, bucket{tokens: 1}
		begin := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
		now, queued := begin, 0.0
		span := time.Duration(max(100, 200*float64(longest)/rate) * float64(time.Second))
		for now.Sub(begin) < span {
			b.fill(rate, now)
			a := allow(j, 0, b.tokens, now)
			for left := int64(a.numbers); left > 0 && a.tasks > 0; {
				n := 1 + random.Uint64N(longest)
				left, queued, b.tokens = left-int64(n), queued+float64(n), b.tokens-float64(n)
			}
			most := rate*(now.Sub(begin).Seconds()+1) + 1 + float64(longest)
			if queued > most {
				t.Fatalf("seed %d: %v numbers after %v at %v/s, at most %v", seed, queued, now.Sub(begin), rate, most)
			}
			now = now.Add(max(a.wait, time.Millisecond) + time.Duration(random.Int64N(int64(20*time.Millisecond))))
		}
		if want := rate * now.Sub(begin).Seconds(); queued < 0.95*want || queued > 1.05*want {
			t.Errorf("seed %d: %v numbers after %v at %v/s, want %v", seed, queued, now.Sub(begin), rate, want)
		}
	}
}

// TestLongestTask: tasks of one second of a rate, and smaller ones at the end.
func TestLongestTask(t *testing.T) {
	for _, test := range []struct {
		job      task.Job
		left     uint64
		parallel int
		want     uint64
	}{
		{task.Job{State: task.Sealed}, 1 << 20, 4, task.MaxCount},
		{task.Job{State: task.Sealed}, 800, 4, 100},
		{task.Job{State: task.Open}, 800, 4, task.MaxCount},
		{task.Job{State: task.Sealed}, 3, 0, 1},
		{task.Job{State: task.Sealed, MaxRunning: 2}, 800, 100, 200},
		{task.Job{State: task.Sealed, Rate: 7.5}, 800, 4, 7},
		{task.Job{State: task.Sealed, Rate: 0.1}, 800, 4, 1},
	} {
		if got := longestTask(&test.job, test.left, test.parallel); got != test.want {
			t.Errorf("%+v: %d", test, got)
		}
	}
}

// TestUnits: units are dropped when they are covered, by results of any ranges, in any order.
func TestUnits(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		var u units
		var covered task.Set
		var all []task.Range
		for first := uint64(0); first < 400; {
			r := task.Range{First: first, Count: 1 + random.Uint64N(9)}
			all, first = append(all, r), r.End()
		}
		isCovered := func(r task.Range) bool { return covered.Contains(r) }
		for _, i := range random.Perm(len(all)) {
			u.add(all[i])
			u.add(all[i])
			from := random.Uint64N(400)
			answered := task.Range{First: from, Count: 1 + random.Uint64N(20)}
			covered.Add(answered)
			u.settle(answered, isCovered)
			for _, r := range u.list {
				if isCovered(r) && r.First < answered.End() && answered.First < r.End() {
					t.Fatalf("seed %d: %v is kept after %v", seed, r, answered)
				}
			}
			if !slices.IsSortedFunc(u.list, func(a, b task.Range) int { return int(a.First) - int(b.First) }) {
				t.Fatalf("seed %d: %v", seed, u.list)
			}
		}
		covered.Add(task.Range{Count: 500})
		u.settle(task.Range{Count: 500}, isCovered)
		if len(u.list) > 0 {
			t.Fatalf("seed %d: %v are kept", seed, u.list)
		}
	}
}

// TestCutWholeChunks: no task is shorter than a chunk because an operation ends there.
func TestCutWholeChunks(t *testing.T) {
	var d dispatcher
	d.pending.Add(task.Span(0, 10*dispatchNumbers))
	a := allow(&task.Job{}, 0, 0, time.Now())
	d.take(a.most())
	o := order{job: &task.Job{Kind: task.KindSquare, Chunk: "1000"}, ranges: d.taken, tasks: a.tasks, numbers: a.numbers}
	chunks, err := cutChunks(t.Context(), o, func(_ context.Context, r task.Range) ([]nat.Nat, error) { return make([]nat.Nat, r.Count), nil })
	if err != nil || len(chunks) < dispatchNumbers/1000 {
		t.Fatalf("%d chunks, %v", len(chunks), err)
	}
	for _, c := range chunks {
		if c.Range.Count != 1000 {
			t.Errorf("a chunk %v", c.Range)
		}
	}
}
