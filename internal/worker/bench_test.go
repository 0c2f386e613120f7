package worker

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// BenchmarkWorkerSquares measures the cost of the worker itself for a task of one number: source, outbox and
// kind cost almost nothing. The cost is decoding the task, encoding the result, and two handovers between
// goroutines.
func BenchmarkWorkerSquares(b *testing.B) { benchmarkWorker(b, 0) }

// BenchmarkWorkerRoundTrips is the same with a server that takes 0.2 ms to store a result, and 0.2 ms to
// confirm an ack.
func BenchmarkWorkerRoundTrips(b *testing.B) { benchmarkWorker(b, 200*time.Microsecond) }

func benchmarkWorker(b *testing.B, trip time.Duration) {
	numbers := []nat.Nat{nat.New(999999999999)}
	t := &task.Task{Kind: task.KindSquare, Numbers: numbers}
	data := t.Encode()

	ctx, cancel := context.WithCancel(b.Context())
	source := &endlessSource{left: b.N, data: data, handle: &countingHandle{want: int64(b.N), reached: cancel, trip: trip}}
	w := New(Config{
		Name: "bench", Slots: 2, Log: zerolog.Nop(),
		Kinds: map[string]Kind{task.KindSquare: cheapKind{}},
	}, source, discardOutbox{trip})
	b.ReportAllocs()
	b.ResetTimer()
	if err := w.Run(ctx); err != nil {
		b.Fatal(err)
	}
}

// endlessSource delivers left tasks of one number, without delay.
type endlessSource struct {
	left   int
	data   []byte
	handle Handle
	at     uint64
}

func (s *endlessSource) SkipClass(task.Class) {}

func (s *endlessSource) PullOthers(ctx context.Context, deliver func(*Delivery)) error {
	return s.Pull(ctx, 1, deliver)
}

func (s *endlessSource) Pull(ctx context.Context, n int, deliver func(*Delivery)) error {
	if s.left == 0 {
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
		return nil
	}
	n = min(n, s.left)
	s.left -= n
	for range n {
		deliver(&Delivery{
			Address: task.Address{Class: task.ClassNorm, Job: "job", Range: task.Range{First: s.at, Count: 1}, Round: task.FirstRound},
			Attempt: 1, Schema: task.Schema, Data: s.data, Handle: s.handle,
		})
		s.at++
	}
	return nil
}

// cheapKind answers n with n.
type cheapKind struct{}

func (cheapKind) Run(ctx context.Context, numbers []nat.Nat, o RunOptions, done *[]task.Factorization) error {
	for _, n := range numbers {
		*done = append(*done, task.Factorization{Factors: []task.Factor{{P: n, Exp: 1, Status: task.Value}}, Method: task.KindSquare})
	}
	return nil
}

// countingHandle calls reached at ack number want.
type countingHandle struct {
	want    int64
	acks    atomic.Int64
	reached func()
	trip    time.Duration
}

func (h *countingHandle) Ack(context.Context) error {
	time.Sleep(h.trip)
	if h.acks.Add(1) == h.want {
		h.reached()
	}
	return nil
}
func (h *countingHandle) InProgress() error                                 { return nil }
func (h *countingHandle) NakWithDelay(context.Context, time.Duration) error { panic("nak") }
func (h *countingHandle) Term(context.Context, string) error                { panic("term") }

// discardOutbox stores nothing; storing a result takes trip.
type discardOutbox struct{ trip time.Duration }

func (o discardOutbox) Result(context.Context, string, task.Range, []byte) error {
	time.Sleep(o.trip)
	return nil
}
func (discardOutbox) Return(context.Context, task.Address, []byte) error      { return nil }
func (discardOutbox) Failed(context.Context, task.Address, int, []byte) error { return nil }
func (discardOutbox) Dead(context.Context, string, task.Range, []byte) error  { return nil }
