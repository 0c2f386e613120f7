package task

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
)

// FuzzQuick: whatever the quick readers accept, the generated code reads as the same.
func FuzzQuick(f *testing.F) {
	for _, count := range []int{0, 1, 3} {
		f.Add(sampleResult(count).Encode())
		t := &Task{Kind: KindFactor, Budget: time.Second}
		for i := range count {
			t.Numbers = append(t.Numbers, nat.New(uint64(i)<<40))
		}
		f.Add(t.Encode())
	}
	f.Add(protowire.AppendTag(nil, 2, protowire.BytesType))
	f.Add([]byte{0x0a, 0x00, 0x0a, 0x00})
	f.Add([]byte{0x38, 0x00, 0x42, 0x01, 0x00, 0x4a, 0x01, 0x00}) // a list that is not packed
	f.Fuzz(func(t *testing.T, b []byte) {
		if quick, ok := quickResult(b); ok {
			if slow, err := decodeResult(b); err != nil || !reflect.DeepEqual(quick, slow) {
				t.Errorf("%x\nquick %+v\nslow  %+v, %v", b, quick, slow, err)
			}
		}
		if quick, ok := quickTask(b); ok {
			if slow, err := decodeTask(b); err != nil || !reflect.DeepEqual(quick, slow) {
				t.Errorf("%x\nquick %+v\nslow  %+v, %v", b, quick, slow, err)
			}
		}
	})
}

// TestQuickIsTaken: what our encoders write is read the quick way, else nobody would
// notice that it is not.
func TestQuickIsTaken(t *testing.T) {
	for _, count := range []int{0, 1, 4096} {
		if _, ok := quickResult(sampleResult(count).Encode()); !ok {
			t.Errorf("a result of %d numbers is read by the generated code", count)
		}
	}
	task := &Task{Kind: KindSquare, Numbers: []nat.Nat{nat.New(0), nat.New(1 << 63)}, Budget: 1, Predicted: 2, Certify: true}
	if _, ok := quickTask(task.Encode()); !ok {
		t.Error("a task is read by the generated code")
	}
	for _, count := range []int{0, 1, 2, 300} {
		r := sampleResult(count)
		if count == 2 {
			r.Items[0].Factors, r.Items[1].Factors = nil, nil
		}
		if got, want := r.Encode(), r.encode(); !bytes.Equal(got, want) {
			t.Errorf("%d numbers are written as\n%x, by the generated code as\n%x", count, got, want)
		}
	}
	mixed := sampleResult(2)
	mixed.Items[1].Method = "ecm(B1=2000)"
	if got, err := DecodeResult(mixed.Encode()); err != nil || got.Items[1].Method != "ecm(B1=2000)" {
		t.Errorf("two methods: %+v, %v", got, err)
	}
}

func sampleResult(count int) *Result {
	r := &Result{Kind: KindFactor, Worker: "w", Version: "1", Attempt: 1, Elapsed: time.Second, Items: make([]Factorization, count)}
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
		b.Run(fmt.Sprintf("quick/%d", count), func(b *testing.B) {
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
		}{{"quick", DecodeResult}, {"generated", decodeResult}} {
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
