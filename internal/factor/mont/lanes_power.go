package mont

import (
	"factorfleet/internal/factor/kernels"
)

// Powers computes the two halves of the Baillie-PSW test (R. Baillie, S. Wagstaff,
// Lucas pseudoprimes, Math. Comp. 35, 1980) in lanes, each with its own odd n:
//
//	strong   with n-1 = d*2^s, d odd: 2^d = 1, or 2^(d*2^i) = -1 mod n for an i < s
//	Lucas    with n+1 = k*2^r, k odd: V(k) = 2 or -2 and U(k) = 0, or V(k*2^i) = 0 mod n
//	         for an i < r-1, of the Lucas sequences of P and Q = 1, (P^2-4 / n) = -1
//
// All lanes take the number of steps i of the lane with the most. That lets no lane
// pass that should not:
//
//	strong   If 2^(d*2^i) = -1, the order of 2^d modulo each prime p dividing n is 2^(i+1), which
//	         divides p-1. So p = 1 and n = 1 mod 2^(i+1), and i < s.
//	Lucas    If V(k*2^i) = 0, then a^(k*2^(i+1)) = -1 for the root a of x^2 - P*x + 1. The order of a modulo p
//	         divides p - (D/p), D = P^2-4. So p = (D/p) mod 2^(i+2) for each p, n = (D/n) = -1 mod 2^(i+2), and
//	         i < r-1.
type Powers interface {
	// Width returns the number of lanes, at most 32.
	Width() int
	// Prepare sets m for the odd modulus n >= 5 of the size that the lanes were made
	// for.
	Prepare(m *PowerModulus, n [2]uint64)
	// SetStrong prepares a lane for Strong with the modulus m.
	SetStrong(lane int, m *PowerModulus)
	// Strong reports which of the lanes 0 to count-1, count > 0, pass the strong test.
	Strong(count int) uint32
	// SetLucas prepares a lane for Lucas with the modulus m and its P. Requires 3 <= P
	// < n-2, P < 2^16, and n+1 not a power of 2^64.
	SetLucas(lane int, m *PowerModulus, param uint64)
	// Lucas reports which of the lanes 0 to count-1, count > 0, pass the Lucas test.
	Lucas(count int) uint32
}

// A PowerModulus has the constants of n that Powers of its size need.
type PowerModulus struct {
	N   [2]uint64 // n = N[0] + N[1]*2^64
	one [2]uint64 // R mod n
	inv uint64
}

// A PowerKind makes Powers of one kind.
type PowerKind struct {
	Bits int // of the largest modulus
	Few  int // up to so many words are quicker tested one by one (BenchmarkBatchFew of package prime)
	New  func() Powers
}

// PowerKinds returns the kinds of Powers of the level in force, ascending by size, up
// to 128 bits.
func PowerKinds() []PowerKind {
	switch {
	case kernels.HasIFMA():
		return append(vectorKinds(52), limbKinds()...)
	case kernels.Active() >= kernels.AVX2:
		return append(vectorKinds(64), twoWordKind())
	}
	return append(wordKinds(), twoWordKind())
}

// limbKinds returns the kinds from 53 bits on with IFMA. Below, doubles take less time.
func limbKinds() (kinds []PowerKind) {
	for _, k := range [...]struct{ bits, few int }{{100, 8}, {MaxLaneBits, 0}} {
		kinds = append(kinds, PowerKind{k.bits, k.few, func() Powers { return newLimbPowers(k.bits, true) }})
	}
	return kinds
}

// vectorKinds returns the kinds with AVX2 up to a number of bits.
func vectorKinds(bits int) (kinds []PowerKind) {
	for i := range vectorPowerKinds {
		if k := &vectorPowerKinds[i]; k.bits <= bits {
			kinds = append(kinds, PowerKind{k.bits, k.few, func() Powers { return newVectorPowers(k, true) }})
		}
	}
	return kinds
}

func wordKinds() (kinds []PowerKind) {
	for _, k := range wordPowerKinds {
		kinds = append(kinds, PowerKind{k.bits, 1, func() Powers { return newWordPowers(k.free) }})
	}
	return kinds
}

func twoWordKind() PowerKind {
	return PowerKind{MaxLaneBits, 0, func() Powers { return newTwoPowers() }}
}
