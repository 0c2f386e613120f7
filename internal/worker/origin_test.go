package worker

import (
	"testing"
	"time"

	"factorfleet/internal/task"
)

// TestOriginWithinNumber: an answer began before the result in front of it was stored, if it says that it took so long.
func TestOriginWithinNumber(t *testing.T) {
	r := newRig(t, 1)
	end := time.Unix(1_700_000_000, 0)
	items := []task.Factorization{{Wall: 3 * time.Second}, {}}
	d := r.chunk(10, 1, 2, 3)
	d.Round = "abc"
	for taken, want := range map[time.Duration]time.Duration{time.Second: 3 * time.Second, 5 * time.Second: 5 * time.Second} {
		got := r.originOf(d, &task.Task{Kind: "script"}, 1, items, end.Add(-taken), end)
		if got != (task.Origin{Kernels: "avx2", Began: end.Add(-want), Ended: end, Round: "abc", ChunkCount: 3, ChunkBefore: 1}) {
			t.Errorf("%v: %+v", taken, got)
		}
	}
	if got := r.originOf(d, &task.Task{Kind: "exec:a"}, 1, items, end, end); got.Kernels != "" {
		t.Errorf("kernels of a command: %q", got.Kernels)
	}
}

// TestJoinedOrigin: a joined result states the size of its tasks if they have one, and the first and the last time.
func TestJoinedOrigin(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(1_700_000_000+int64(s), 0) }
	for _, test := range []struct {
		what   string
		counts []uint32
		want   uint32
	}{
		{"one size", []uint32{5, 5, 5}, 5},
		{"a smaller last one", []uint32{5, 5, 2}, 5},
		{"a smaller one between", []uint32{5, 2, 5}, 0},
		{"a larger last one", []uint32{2, 2, 5}, 0},
		{"a smaller one between, and a smaller last one", []uint32{5, 2, 2}, 0},
		{"not stated", []uint32{0, 0}, 0},
	} {
		var got task.Origin
		for i, count := range test.counts {
			part := task.Origin{Kernels: "avx2", ChunkCount: count, Began: at(10 - i), Ended: at(20 - i)}
			joinOrigin(&got, &part, i == 0, i == len(test.counts)-1)
		}
		want := task.Origin{Kernels: "avx2", ChunkCount: test.want, Began: at(10 - len(test.counts) + 1), Ended: at(20)}
		if got != want {
			t.Errorf("%s: %+v, want %+v", test.what, got, want)
		}
	}
}
