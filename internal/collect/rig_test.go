package collect

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A rig is a job with its stored input, its stream of results and its collector, and
// keeps the emitted items.
type rig struct {
	*Collector
	numbers []nat.Nat
	answers []task.Factorization
	stream  [][]byte // by sequence - 1
	out     []Item

	// Faults.
	failEmit    int              // the failEmit-th call of Emit from now on fails; 0 = none
	failNumbers bool             // Numbers fails
	failReread  map[uint64]error // by sequence
	rereads     int
}

var errInjected = errors.New("injected")

// newRig returns a job of the numbers 2, 3, ..., count+1. Every 10th is replaced by a large
// number whose answer is unfinished.
func newRig(count int, ordered bool, limit int64) *rig {
	r := &rig{failReread: make(map[uint64]error)}
	for i := range count {
		n, answer := nat.New(uint64(i)+2), factorization(uint64(i)+2)
		if i%10 == 0 {
			n = hardNumber(i / 10)
			answer.Factors = []task.Factor{{P: n, Exp: 1, Status: task.Composite}}
		}
		r.numbers = append(r.numbers, n)
		r.answers = append(r.answers, answer)
	}
	r.Collector = New(Config{
		Kind: task.KindFactor, Ordered: ordered, Limit: limit,
		Numbers: func(_ context.Context, s task.Range) ([]nat.Nat, error) {
			switch {
			case r.failNumbers:
				return nil, errInjected
			case s.End() > uint64(len(r.numbers)):
				return nil, fmt.Errorf("%w: %v", ErrNoInput, s)
			case s.Count > task.MaxCount:
				return nil, fmt.Errorf("%d numbers requested at once", s.Count)
			}
			return r.numbers[s.First:s.End()], nil
		},
		Reread: func(_ context.Context, seq uint64) ([]byte, time.Time, error) {
			r.rereads++
			return r.stream[seq-1], storedAt(seq), r.failReread[seq]
		},
		Emit: func(item *Item) error {
			if r.failEmit > 0 {
				if r.failEmit--; r.failEmit == 0 {
					return errInjected
				}
			}
			kept := *item
			kept.Factors = slices.Clone(item.Factors)
			r.out = append(r.out, kept)
			return nil
		},
	})
	return r
}

// hardNumber returns a number of 91 bits without small prime factors, different for i < 4096.
func hardNumber(i int) nat.Nat {
	p, q := somePrimes()[i%64], somePrimes()[64+i/64%64]
	return nat.FromBig(new(big.Int).Mul(new(big.Int).SetUint64(p), new(big.Int).SetUint64(q)))
}

// somePrimes returns the first 128 primes above 2^45.
var somePrimes = sync.OnceValue(func() (primes []uint64) {
	for p := uint64(1<<45 + 1); len(primes) < 128; p += 2 {
		if new(big.Int).SetUint64(p).ProbablyPrime(0) {
			primes = append(primes, p)
		}
	}
	return primes
})

// factorization factors n by trial division.
func factorization(n uint64) task.Factorization {
	f := task.Factorization{Method: "trial", CPU: time.Duration(n)}
	for p := uint64(2); n > 1; p++ {
		var exp uint32
		for ; n%p == 0; n /= p {
			exp++
		}
		if exp > 0 {
			f.Factors = append(f.Factors, task.Factor{P: nat.New(p), Exp: exp, Status: task.Prime})
		}
	}
	return f
}

// publish puts a result for s on the stream.
func (r *rig) publish(s task.Range, worker string) Arrival {
	return r.publishResult(s, &task.Result{
		Kind: task.KindFactor, Worker: worker, Attempt: 1, Items: r.answers[s.First:s.End()],
	})
}

func (r *rig) publishResult(s task.Range, result *task.Result) Arrival {
	data := result.Encode()
	r.stream = append(r.stream, slices.Clone(data))
	seq := uint64(len(r.stream))
	return Arrival{Range: s, Worker: result.Worker, Seq: seq, Stored: storedAt(seq), Data: data}
}

// replace overwrites a result on the stream by another that Check would accept.
func (r *rig) replace(seq uint64) {
	result, err := task.DecodeResult(r.stream[seq-1])
	if err != nil {
		panic(err)
	}
	result.Attempt++
	r.stream[seq-1] = result.Encode()
}

// take checks and accepts a result for s that must pass the check.
func (r *rig) take(t testing.TB, s task.Range, worker string) (fresh uint64, err error) {
	t.Helper()
	k, err := r.Check(t.Context(), r.publish(s, worker))
	if err != nil {
		t.Fatal(err)
	}
	fresh, err = r.Accept(t.Context(), k)
	clear(k.Data) // the collector must not have kept it
	return fresh, err
}

// sameItem compares an emitted item with the answer of its position.
func (r *rig) sameItem(got Item) error {
	want := Item{Position: got.Position, N: r.numbers[got.Position], Kind: task.KindFactor, Worker: got.Worker, Attempt: 1, Dead: got.Dead}
	if got.Dead != "" {
		want.Worker, want.Attempt = "", 0
	} else {
		want.Factorization = r.answers[got.Position]
		want.Source = got.Source // TestSource
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		return fmt.Errorf("emitted %v, want %v", got, want)
	}
	return nil
}

func take(r *rig, t testing.TB, s task.Range) error {
	t.Helper()
	_, err := r.take(t, s, "w")
	return err
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// storedAt returns when the message of a sequence was stored, in this test.
func storedAt(seq uint64) time.Time { return time.UnixMilli(1_700_000_000_000 + int64(seq)) }
