package nat

import (
	"bytes"
	"math"
	"strconv"
	"testing"
)

// FuzzDecimal compares appendWord with package strconv.
func FuzzDecimal(f *testing.F) {
	for w := uint64(1); ; w *= 10 {
		f.Add(w-1, []byte("x"))
		f.Add(w, []byte(nil))
		if w > math.MaxUint64/10 {
			break
		}
	}
	f.Add(uint64(math.MaxUint64), make([]byte, 3, 30))
	f.Add(uint64(1844_67440737_09551615), make([]byte, 0, 26))
	f.Fuzz(func(t *testing.T, w uint64, before []byte) {
		want := strconv.AppendUint(bytes.Clone(before), w, 10)
		if got := appendWord(before, w); !bytes.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// TestEightDigits tries every quotient of the parts: all numbers of two and of four digits in
// each place.
func TestEightDigits(t *testing.T) {
	for part := range uint64(10_000) {
		for _, w := range []uint64{part, part * 10_000, part*10_000 + 9999, 9999*10_000 + part} {
			var digits [8]byte
			putEight(digits[:], w)
			if got, err := strconv.ParseUint(string(digits[:]), 10, 64); err != nil || got != w {
				t.Fatalf("%d is written as %q", w, digits)
			}
		}
	}
}

func BenchmarkDecimal(b *testing.B) {
	list := []uint64{2, 7, 31, 1009, 1_000_003, 999_999_999_989, 9_223_372_036_854_775_783}
	buf := make([]byte, 0, 256)
	b.Run("quick", func(b *testing.B) {
		for b.Loop() {
			for _, w := range list {
				buf = appendWord(buf, w)
			}
			buf = buf[:0]
		}
	})
	b.Run("strconv", func(b *testing.B) {
		for b.Loop() {
			for _, w := range list {
				buf = strconv.AppendUint(buf, w, 10)
			}
			buf = buf[:0]
		}
	})
}
