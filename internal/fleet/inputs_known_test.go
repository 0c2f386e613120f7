package fleet

import (
	"math/big"
	"testing"

	"factorfleet/internal/nat"
)

// TestKnownBounds: whatever divisors a job has, a process remembers so many numbers and so many bytes at most, the newest.
func TestKnownBounds(t *testing.T) {
	t.Parallel()
	long := nat.FromBig(new(big.Int).Lsh(big.NewInt(1), 16_000))
	for _, test := range []struct {
		factors []nat.Nat
		count   uint64
	}{{[]nat.Nat{nat.New(3)}, 2*maxKnownInputs + 7}, {[]nat.Nat{long, long, long, long}, 3 * maxKnownBytes / 8000}} {
		var k knownInputs
		for p := range test.count {
			k.put(p, test.factors)
			if k.bytes > maxKnownBytes || len(k.order) > maxKnownInputs || len(k.factors) != len(k.order) {
				t.Fatalf("%d numbers, %d bytes after %d", len(k.order), k.bytes, p)
			}
		}
		if k.factors[test.count-1] == nil || k.factors[0] != nil {
			t.Error("the newest numbers are not those that are remembered")
		}
		k.forget(len(k.order))
		if k.bytes != 0 || len(k.factors) != 0 {
			t.Errorf("%d bytes of %d numbers are left", k.bytes, len(k.factors))
		}
	}
}
