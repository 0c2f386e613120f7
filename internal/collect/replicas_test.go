package collect

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A ballot is a collector of a job of commands whose items are computed twice.
type ballot struct {
	*Collector
	t     *testing.T
	items []nat.Nat
	data  map[uint64][]byte // payloads by sequence
	lines []string          // emitted: "<position> <line> <worker>"
}

func newBallot(t *testing.T, count int, ordered bool, limit int64) *ballot {
	b := &ballot{t: t, data: make(map[uint64][]byte)}
	for i := range count {
		b.items = append(b.items, task.ItemNumber([]byte{byte('a' + i)}))
	}
	b.Collector = New(Config{
		Kind: "exec:x", Ordered: ordered, Replicas: 2, Limit: limit,
		Numbers: func(_ context.Context, r task.Range) ([]nat.Nat, error) { return b.items[r.First:r.End()], nil },
		Reread:  func(_ context.Context, seq uint64) ([]byte, time.Time, error) { return b.data[seq], time.Time{}, nil },
		Emit: func(i *Item) error {
			line, _ := i.AppendItem(nil)
			b.lines = append(b.lines, fmt.Sprintf("%d %s %s%s", i.Position, line, i.Worker, i.Dead))
			return nil
		},
	})
	return b
}

// answer accepts a worker's lines from position first on, and returns how many positions it has covered.
func (b *ballot) answer(worker string, first uint64, lines ...string) uint64 {
	b.t.Helper()
	r := task.Range{First: first, Count: uint64(len(lines))}
	result := &task.Result{Kind: "exec:x", Worker: worker, Asked: task.HashNumbers(b.items[r.First:r.End()])}
	for _, line := range lines {
		result.Items = append(result.Items, task.Factorization{Factors: task.ItemAnswer([]byte(line)), Method: "exec:x"})
	}
	seq := uint64(len(b.data)) + 1
	b.data[seq] = result.Encode()
	k, err := b.Check(b.t.Context(), Arrival{Range: r, Worker: worker, Seq: seq, Data: b.data[seq]})
	must(b.t, err)
	fresh, err := b.Accept(b.t.Context(), k)
	must(b.t, err)
	return fresh
}

// TestReplicas: a position is covered by the second equal answer, of another worker.
func TestReplicas(t *testing.T) {
	for _, ordered := range []bool{true, false} {
		b := newBallot(t, 4, ordered, 0)
		for i, step := range []struct {
			worker string
			first  uint64
			lines  []string
			fresh  uint64
		}{
			{"v", 0, []string{"A", "B", "C", "D"}, 0},
			{"v", 0, []string{"A", "B"}, 0},           // the same worker again
			{"v", 1, []string{"B"}, 0},                // and a part of its range
			{"w", 1, []string{"B", "wrong", "D"}, 2},  // 1 and 3
			{"x", 0, []string{"A", "B", "C", "x"}, 2}, // 0 and 2; the rest is covered
			{"w", 0, []string{"A"}, 0},
		} {
			if fresh := b.answer(step.worker, step.first, step.lines...); fresh != step.fresh {
				t.Errorf("step %d: %d positions, want %d", i, fresh, step.fresh)
			}
		}
		want := []string{"0 A x", "1 B w", "2 C x", "3 D w"}
		if !ordered {
			want = []string{"1 B w", "3 D w", "0 A x", "2 C x"}
		}
		n := b.Counts()
		if !slices.Equal(b.lines, want) || !b.Complete(4) || n.Verified != 4 || n.Duplicate != 3 || b.Disagreed() != 1 {
			t.Errorf("emitted %q; %+v, %d disagreed", b.lines, n, b.Disagreed())
		}
		if len(b.votes)+len(b.others) != 0 {
			t.Errorf("votes of covered positions: %v, %v", b.votes, b.others)
		}
	}
}

// TestVoted: who has voted, range by range; no more than MaxVotes.
func TestVoted(t *testing.T) {
	b := newBallot(t, 6, true, 0)
	if got := fmt.Sprint(b.Voted(task.Span(0, 6))); got != "[{0-6 []}]" {
		t.Errorf("at first: %s", got)
	}
	b.answer("w", 1, "B", "C", "D")
	b.answer("v", 3, "other", "E")
	if got, want := fmt.Sprint(b.Voted(task.Span(0, 6))), "[{0-1 []} {1-2 [w]} {3-1 [w v]} {4-1 [v]} {5-1 []}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for i := range MaxVotes {
		b.answer(fmt.Sprint("voter", i), 5, fmt.Sprint("line", i))
	}
	if b.answer("late", 5, "line0") != 1 { // a vote that is one too many still completes a pair
		t.Error("the answer of two workers is not accepted")
	}
	b.answer("late", 0, "A")
	must(t, b.GiveUp(t.Context(), task.Span(0, 5), "it failed"))
	if len(b.votes)+len(b.others) != 0 {
		t.Errorf("votes of items that are given up: %v, %v", b.votes, b.others)
	}
	if len(b.lines) != 6 || b.lines[5] != "5 line0 late" {
		t.Errorf("emitted %q", b.lines)
	}
}

// TestNewVotes: only the votes of the last result that count are new, so that nobody asks for a second answer twice.
func TestNewVotes(t *testing.T) {
	b := newBallot(t, 5, true, 0)
	for i, step := range []struct {
		worker string
		first  uint64
		lines  []string
		want   string
	}{
		{"v", 0, []string{"A", "B", "C"}, "[0-3] false"},
		{"v", 1, []string{"B", "C", "D"}, "[3-1] true"}, // two of them once more
		{"w", 0, []string{"A", "x", "C", "y"}, "[1-1 3-1] false"},
		{"v", 0, []string{"A"}, "[] false"}, // a duplicate
	} {
		b.answer(step.worker, step.first, step.lines...)
		if got := fmt.Sprint(b.NewVotes()); got != step.want {
			t.Errorf("step %d: %s, want %s", i, got, step.want)
		}
	}
}

// TestReplicasEvicted: answers that wait for their turn outside of memory, and one that is lost there.
func TestReplicasEvicted(t *testing.T) {
	for _, lost := range []bool{false, true} {
		b := newBallot(t, 3, true, 1)
		b.answer("v", 0, "A", "B", "C")
		b.answer("w", 1, "B", "C")
		if lost {
			b.data[2] = nil
		}
		result := &task.Result{Kind: "exec:x", Worker: "w", Asked: task.HashNumbers(b.items[:1]), Items: []task.Factorization{{Factors: task.ItemAnswer([]byte("A"))}}}
		k, err := b.Check(t.Context(), Arrival{Range: task.Span(0, 1), Worker: "w", Seq: 9, Data: result.Encode()})
		must(t, err)
		_, err = b.Accept(t.Context(), k)
		if _, requeue := err.(*LostResult); requeue || (err != nil) != lost || b.Complete(3) == lost {
			t.Errorf("lost %v: %v, emitted %q", lost, err, b.lines)
		}
	}
}
