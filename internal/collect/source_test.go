package collect

import (
	"testing"
	"time"

	"factorfleet/internal/task"
)

// TestSource: an answer is emitted with where it comes from, whether its result comes in its turn, waits in memory or is
// read again; and a number that was given up has no source.
func TestSource(t *testing.T) {
	for name, limit := range map[string]int64{"held": 0, "evicted": 1} {
		r := newRig(12, true, limit)
		began := time.UnixMilli(1_600_000_000_000)
		publish := func(s task.Range, o task.Origin) {
			t.Helper()
			a := r.publishResult(s, &task.Result{
				Kind: task.KindFactor, Worker: "w", Version: "0.9\x1b", Attempt: 1, Items: r.answers[s.First:s.End()], Origin: o,
			})
			k, err := r.Check(t.Context(), a)
			must(t, err)
			_, err = r.Accept(t.Context(), k)
			must(t, err)
		}
		publish(task.Range{First: 6, Count: 6}, task.Origin{Kernels: "avx2", Began: began, Ended: began.Add(time.Second), ChunkCount: 4})
		publish(task.Range{First: 1, Count: 4}, task.Origin{ChunkCount: 5, ChunkBefore: 1, Round: "abc"})
		must(t, r.GiveUp(t.Context(), task.Range{First: 5, Count: 1}, "killed"))
		publish(task.Range{First: 0, Count: 1}, task.Origin{})
		if len(r.out) != 12 || limit == 1 && r.rereads != 2 {
			t.Fatalf("%s: %d emitted, %d read again", name, len(r.out), r.rereads)
		}
		for position, want := range map[uint64]task.Source{
			0:  {Stored: storedAt(3)},
			4:  {Origin: task.Origin{ChunkCount: 5, ChunkBefore: 1, Round: "abc"}, Chunk: task.Range{First: 0, Count: 5}, Stored: storedAt(2)},
			9:  {Origin: task.Origin{Kernels: "avx2", Began: began, Ended: began.Add(time.Second), ChunkCount: 4}, Chunk: task.Range{First: 6, Count: 4}, Stored: storedAt(1)},
			10: {Origin: task.Origin{Kernels: "avx2", Began: began, Ended: began.Add(time.Second), ChunkCount: 4}, Chunk: task.Range{First: 10, Count: 2}, Stored: storedAt(1)},
		} {
			want.Version = "0.9"
			if got := r.out[position].Source; got != want {
				t.Errorf("%s: position %d is from %+v, want %+v", name, position, got, want)
			}
		}
		if got := r.out[5].Source; got != (task.Source{}) {
			t.Errorf("%s: a number that was given up is from %+v", name, got)
		}
	}
}
