package collect

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// The pieces needed last are evicted first, and all positions are emitted.
func TestEvict(t *testing.T) {
	r := newRig(100, true, 0)
	one := cost(r.publish(task.Range{First: 1, Count: 1}, "w").Data)
	r.cfg.Limit = 10*one + one/2
	for i := range uint64(99) {
		must(t, take(r, t, task.Range{First: 99 - i, Count: 1}))
	}
	if h := r.held.max(); h.first > 12 || r.evicted.min().first < h.first {
		t.Errorf("%d is held, %d is evicted", h.first, r.evicted.min().first)
	}
	if r.rereads != 0 || len(r.out) != 0 {
		t.Errorf("%d read again, %d emitted", r.rereads, len(r.out))
	}
	must(t, take(r, t, task.Range{First: 0, Count: 1}))
	if len(r.out) != 100 || r.rereads < 87 || r.rereads > 89 || r.heldBytes != 0 {
		t.Errorf("%d emitted, %d read again, %d bytes held", len(r.out), r.rereads, r.heldBytes)
	}
}

// A result that fills many gaps is read again once, not once a gap.
func TestEvictNested(t *testing.T) {
	r := newRig(1000, true, 1)
	for i := range uint64(400) {
		must(t, take(r, t, task.Range{First: 100 + 2*i, Count: 1}))
	}
	must(t, take(r, t, task.Range{First: 300, Count: 100})) // 50 gaps
	must(t, take(r, t, task.Range{First: 1, Count: 999}))   // 350 gaps around it
	must(t, take(r, t, task.Range{First: 0, Count: 1}))
	if len(r.out) != 1000 || r.rereads > 400+3 {
		t.Errorf("%d emitted, %d read again", len(r.out), r.rereads)
	}
}

func TestLost(t *testing.T) {
	r := newRig(10, true, 1)
	for i := range uint64(9) {
		must(t, take(r, t, task.Range{First: i + 1, Count: 1}))
	}
	gone := errors.New("no message found")
	r.failReread[3] = gone // position 3
	r.replace(6)
	for _, step := range []struct {
		first   uint64
		emitted int
		lost    uint64
		why     error
	}{{0, 3, 3, gone}, {3, 6, 6, errChanged}} {
		fresh, err := r.take(t, task.Range{First: step.first, Count: 1}, "w")
		lost, ok := errors.AsType[*LostResult](err)
		want := task.Range{First: step.lost, Count: 1}
		if !ok || fresh != 1 || lost.Range != want || lost.Worker != "w" || !errors.Is(err, step.why) || len(r.out) != step.emitted {
			t.Fatalf("%d fresh, %d emitted, error %v", fresh, len(r.out), err)
		}
		if r.Covered().Contains(want) || r.Complete(10) {
			t.Fatal("a lost position is still covered")
		}
	}
	must(t, take(r, t, task.Range{First: 6, Count: 1}))
	if n := r.Counts(); !r.Complete(10) || len(r.out) != 10 || n.Verified != 10 || n.Workers[0].Verified != 10 {
		t.Errorf("%d emitted, counts %+v", len(r.out), n)
	}
}

// The part of a result that was emitted before the loss stays covered.
func TestLostRest(t *testing.T) {
	r := newRig(40, true, 1)
	must(t, take(r, t, task.Range{First: 1, Count: 39}))
	r.failEmit = 16 // position 15; of the unfinished 0, 10, 20 and 30, two are emitted before it
	if _, err := r.take(t, task.Range{First: 0, Count: 1}, "w"); !errors.Is(err, errInjected) {
		t.Fatalf("Accept returned %v", err)
	}
	r.replace(1)
	lost, ok := errors.AsType[*LostResult](r.emitReady(t.Context()))
	if n := r.Counts(); !ok || lost.Range != task.Span(15, 40) || len(r.out) != 15 || n.Verified != 15 || n.Unfinished != 2 {
		t.Errorf("lost %v, %d emitted, counts %+v", lost, len(r.out), n)
	}
}

// A cancelled context loses nothing.
func TestCancelledReread(t *testing.T) {
	r := newRig(10, true, 1)
	must(t, take(r, t, task.Range{First: 1, Count: 9}))
	ctx, cancel := context.WithCancel(t.Context())
	k, err := r.Check(ctx, r.publish(task.Range{First: 0, Count: 1}, "w"))
	must(t, err)
	cancel()
	r.failReread[1] = context.Canceled
	if _, err := r.Accept(ctx, k); !errors.Is(err, context.Canceled) || errors.As(err, new(*LostResult)) || r.Covered().Len() != 10 {
		t.Fatalf("Accept returned %v", err)
	}
	delete(r.failReread, 1)
	must(t, r.emitReady(t.Context()))
	if len(r.out) != 10 {
		t.Errorf("%d emitted", len(r.out))
	}
}

// line is a job of any length: number i is 2i+3, its answer is itself squared.
type line struct {
	*Collector
	emitted uint64
	rereads int
}

func newLine(count uint64, ordered bool) *line {
	l := new(line)
	block := make([]nat.Nat, task.MaxCount)
	l.Collector = New(Config{
		Kind: task.KindSquare, Ordered: ordered,
		Numbers: func(_ context.Context, r task.Range) ([]nat.Nat, error) {
			if r.End() > count {
				return nil, ErrNoInput
			}
			for i := range r.Count {
				block[i] = nat.New(2*(r.First+i) + 3)
			}
			return block[:r.Count], nil
		},
		Reread: func(_ context.Context, seq uint64) ([]byte, time.Time, error) {
			l.rereads++
			return l.payload(task.Range{First: seq, Count: 1}), time.Time{}, nil
		},
		Emit: func(item *Item) error {
			if ordered && item.Position != l.emitted {
				return fmt.Errorf("position %d at %d", item.Position, l.emitted)
			}
			l.emitted++
			return nil
		},
	})
	return l
}

func (l *line) payload(r task.Range) []byte {
	result := &task.Result{Kind: task.KindSquare, Worker: "worker-1", Version: "v1.0.0", Attempt: 1, Items: make([]task.Factorization, r.Count)}
	for i := range result.Items {
		n := 2*(r.First+uint64(i)) + 3
		result.Items[i] = task.Factorization{
			Factors: []task.Factor{{P: nat.New(n * n), Exp: 1, Status: task.Value}}, Method: "square", CPU: 100,
		}
	}
	return result.Encode()
}

func (l *line) arrival(r task.Range) Arrival {
	return Arrival{Range: r, Worker: "worker-1", Seq: r.First, Data: l.payload(r)}
}

var waitingFlag = flag.Int("waiting", 300_000, "how many chunks wait for the first in TestManyWaiting")

// Very many chunks of one number, the first of which arrives last. Each takes less than 100 bytes
// while it waits, and the time for each does not grow with their number.
func TestManyWaiting(t *testing.T) {
	count := *waitingFlag
	if testing.Short() {
		count = min(count, 50_000)
	}
	most := int64(20<<20 + 80*count)
	for _, order := range []string{"forward", "shuffled"} {
		start := time.Now()
		l := newLine(uint64(count), true)
		position := func(i int) uint64 { return uint64(i) + 1 }
		if order == "shuffled" {
			perm := rand.New(rand.NewPCG(1, 2)).Perm(count - 1)
			position = func(i int) uint64 { return uint64(perm[i]) + 1 }
		}
		before := heap()
		var worst int64
		for i := range count - 1 {
			if err := l.accept(t.Context(), position(i)); err != nil {
				t.Fatal(err)
			}
			if i%50_000 == 49_999 || i == count-2 {
				worst = max(worst, heap()-before)
			}
		}
		if l.emitted != 0 {
			t.Fatal("emitted before the first chunk")
		}
		t.Logf("%s: at most %d MiB, %v until the last chunk", order, worst>>20, time.Since(start))
		if worst > most {
			t.Errorf("%s: %d MiB of heap", order, worst>>20)
		}
		if err := l.accept(t.Context(), 0); err != nil || !l.Complete(uint64(count)) {
			t.Fatalf("%d emitted: %v", l.emitted, err)
		}
		// A million take 5 s on a laptop; a quadratic algorithm would take hours.
		if elapsed := time.Since(start); elapsed > 2*time.Minute {
			t.Errorf("%s: %v", order, elapsed)
		}
		t.Logf("%s: %d read again, %v in all", order, l.rereads, time.Since(start))
		if left := heap() - before; left > 10<<20 {
			t.Errorf("%s: %d MiB are left", order, left>>20)
		}
		runtime.KeepAlive(l)
	}
}

func (l *line) accept(ctx context.Context, position uint64) error {
	k, err := l.Check(ctx, l.arrival(task.Range{First: position, Count: 1}))
	if err == nil {
		_, err = l.Accept(ctx, k)
	}
	return err
}

// heap returns the bytes that are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
