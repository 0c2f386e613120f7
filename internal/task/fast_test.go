package task

import (
	"bytes"
	"fmt"
	"math/big"
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
	"factorfleet/internal/task/taskpb"
)

// FuzzQuick: whatever the fast path decodes, the generated code decodes to the same value.
func FuzzQuick(f *testing.F) {
	for _, count := range []int{0, 1, 3} {
		f.Add(sampleResult(count).Encode())
		t := &Task{Kind: KindFactor, Budget: time.Second}
		for i := range count {
			t.Numbers = append(t.Numbers, nat.New(uint64(i)<<40))
		}
		f.Add(t.Encode())
		f.Add(EncodeBlock(t.Numbers))
	}
	f.Add(mixedResult(40, fastMethods).Encode())
	f.Add(protowire.AppendTag(nil, 2, protowire.BytesType))
	f.Add([]byte{0x0a, 0x00, 0x0a, 0x00})
	f.Add([]byte{0x38, 0x00, 0x42, 0x01, 0x00, 0x4a, 0x01, 0x00}) // a list that is not packed
	f.Fuzz(func(t *testing.T, b []byte) {
		if fast, ok := fastDecodeResult(b); ok {
			defer func(r Result) { r.Release() }(*fast)
			fast.memory = nil
			if slow, err := decodeResult(b); err != nil || !reflect.DeepEqual(fast, slow) {
				t.Errorf("%x\nfast %+v\nslow %+v, %v", b, fast, slow, err)
			}
		}
		if fast, ok := fastDecodeTask(b); ok {
			if slow, err := decodeTask(b); err != nil || !reflect.DeepEqual(fast, slow) {
				t.Errorf("%x\nfast %+v\nslow %+v, %v", b, fast, slow, err)
			}
		}
		if fast, ok := fastDecodeNumbers(b, MaxCount); ok {
			if slow, err := decodeBlock(b); err != nil || !reflect.DeepEqual(Block{Numbers: fast}, slow) {
				t.Errorf("%x\nfast %v\nslow %v, %v", b, fast, slow, err)
			}
		}
	})
}

// TestFastPathIsTaken: the fast path encodes and decodes usual numbers. Without this test, a
// message that no longer takes it would only be slower.
func TestFastPathIsTaken(t *testing.T) {
	for _, r := range []*Result{sampleResult(0), sampleResult(1), sampleResult(4096), mixedResult(4096, 2), mixedResult(100, fastMethods)} {
		b, ok := r.fastEncode()
		if !ok {
			t.Errorf("a result of %d numbers is written by the generated code", len(r.Items))
		}
		if _, ok := fastDecodeResult(b); !ok {
			t.Errorf("a result of %d numbers is read by the generated code", len(r.Items))
		}
	}
	task := &Task{Kind: KindSquare, Numbers: []nat.Nat{nat.New(0), nat.New(1 << 63)}, Budget: 1, Predicted: 2, Certify: true}
	if _, ok := fastDecodeTask(task.Encode()); !ok {
		t.Error("a task is read by the generated code")
	}
	if _, ok := fastDecodeNumbers(EncodeBlock(task.Numbers), MaxCount); !ok {
		t.Error("a block is read by the generated code")
	}
}

// TestFastPathWritesTheSame: Encode writes the same bytes as the generated code.
func TestFastPathWritesTheSame(t *testing.T) {
	list := []*Result{mixedResult(3, 3), mixedResult(300, fastMethods), mixedResult(300, fastMethods+1)}
	for i := range results {
		list = append(list, &results[i])
	}
	for _, count := range []int{0, 1, 2, 300, 4096} {
		list = append(list, sampleResult(count))
	}
	for bits := 0; bits <= 1100; bits++ { // factors of all lengths, exponents of one byte and of two
		n := nat.FromBig(new(big.Int).SetBit(new(big.Int), bits, 1))
		list = append(list, &Result{Items: []Factorization{
			{Factors: []Factor{{some[4], 1, Prime}, {n, uint32(bits % 140), PRP}, {some[4], 1, Prime}}, CPU: 1 << (bits % 63), Wall: max(0, 1<<(bits%63)-2*time.Nanosecond)},
			{Factors: make([]Factor, bits%140), Method: "é\xff", CPU: 1<<(bits%63) - 1},
		}})
	}
	for _, r := range list {
		if got, want := r.Encode(), r.encode(); !bytes.Equal(got, want) {
			t.Fatalf("%+v is written as\n%x, by the generated code as\n%x", r, got, want)
		}
	}
	for i := range tasks {
		if got, want := tasks[i].Encode(), encodeTask(&tasks[i]); !bytes.Equal(got, want) {
			t.Errorf("%+v is written as\n%x, by the generated code as\n%x", tasks[i], got, want)
		}
		if got, want := EncodeBlock(tasks[i].Numbers), marshal(encodeNumbers(tasks[i].Numbers)); !bytes.Equal(got, want) {
			t.Errorf("the block %v is written as\n%x, by the generated code as\n%x", tasks[i].Numbers, got, want)
		}
	}
}

// mixedResult is a sampleResult with the given number of methods.
func mixedResult(count, methods int) *Result {
	r := sampleResult(count)
	for i := range r.Items {
		r.Items[i].Method = fmt.Sprintf("ecm(B1=%d)", i%methods)
		r.Items[i].CPU *= 1000
	}
	return r
}

func sampleResult(count int) *Result {
	r := &Result{Kind: KindFactor, Worker: "w", Version: "1", Attempt: 1, Elapsed: time.Second, Items: make([]Factorization, count)}
	r.Origin = Origin{Kernels: "avx2", Began: time.UnixMilli(1_700_000_000_000), Ended: time.UnixMilli(1_700_000_001_000), ChunkCount: uint32(count)}
	for i := range r.Items {
		r.Items[i] = Factorization{Method: "trial", CPU: time.Duration(i), Factors: []Factor{
			{P: nat.New(2), Exp: uint32(i%7 + 1), Status: Prime},
			{P: nat.FromBytes(bytes.Repeat([]byte{byte(i + 3)}, i%20+1)), Exp: 1, Status: PRP},
		}}
	}
	return r
}

func BenchmarkEncodeResult(b *testing.B) {
	for _, count := range []int{1, 4096} {
		r := sampleResult(count)
		b.Run(fmt.Sprintf("fast/%d", count), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Encode()
			}
		})
		b.Run(fmt.Sprintf("generated/%d", count), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.encode()
			}
		})
	}
}

func BenchmarkDecodeResult(b *testing.B) {
	for _, count := range []int{1, 4096} {
		data := sampleResult(count).Encode()
		for _, way := range []struct {
			name   string
			decode func([]byte) (*Result, error)
		}{{"fast", DecodeResult}, {"generated", decodeResult}} {
			b.Run(fmt.Sprintf("%s/%d", way.name, count), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := way.decode(data); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// encodeTask is Task.Encode by the generated code.
func encodeTask(t *Task) []byte {
	return marshal(&taskpb.Task{
		Kind:        t.Kind,
		Numbers:     encodeNumbers(t.Numbers),
		BudgetNs:    uint64(t.Budget),
		PredictedNs: uint64(t.Predicted),
		Certify:     t.Certify,
		Sieve:       encodeSieve(t.Sieve),
		Curves:      encodeCurves(t.Curves),

		Known: encodeKnownMessage(t.Known), One: t.One,

		WorkMillidigits: uint32(millidigits(t.WorkDigits)),
	})
}

func encodeCurves(c *CurvesTask) *taskpb.Curves {
	if c == nil {
		return nil
	}
	return &taskpb.Curves{
		Composite: c.Composite.AppendBytes(nil), B1: c.B1, B2: c.B2, Seed: c.Seed, TimeNs: uint64(c.Time), FlushNs: uint64(c.Flush),
	}
}

func encodeSieve(s *SieveTask) *taskpb.Sieve {
	if s == nil {
		return nil
	}
	return &taskpb.Sieve{Params: s.Params, TimeNs: uint64(s.Time), FlushNs: uint64(s.Flush)}
}

func encodeKnownMessage(list []Known) *taskpb.Known {
	if len(list) == 0 {
		return nil
	}
	m := new(taskpb.Known)
	if err := unmarshal(encodeKnown(list), m); err != nil {
		panic(err)
	}
	return m
}
