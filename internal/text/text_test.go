package text

import (
	"math"
	"testing"
)

func TestThousands(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0", 7: "7", 999: "999", 1000: "1,000", 12345: "12,345", 999_999: "999,999", 1_000_000: "1,000,000",
		math.MaxUint64: "18,446,744,073,709,551,615",
	} {
		if got := Thousands(n); got != want {
			t.Errorf("%d is written as %q, want %q", n, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 numbers", 1: "1 number", 2: "2 numbers", 12345: "12,345 numbers"} {
		if got := Count(n, "number"); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}
