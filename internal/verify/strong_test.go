package verify

import (
	"context"
	"flag"
	"fmt"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

var allPseudoprimes = flag.Bool("pseudoprimes", false, "compute the whole table of strong pseudoprimes and compare (minutes)")

// TestPseudoprimes computes the table from its definition and compares, up to 2^23, or all of it with
// -pseudoprimes.
func TestPseudoprimes(t *testing.T) {
	bound := uint64(1 << 23)
	if *allPseudoprimes {
		bound = strongBound
	}
	want := strongPseudoprimes(tableSize, bound)
	have, _ := slices.BinarySearchFunc(pseudoprimes[:], bound, func(n uint32, bound uint64) int { return int(int64(n) - int64(bound)) })
	if !slices.Equal(pseudoprimes[:have], want) {
		t.Errorf("below %d the table has %d numbers, want %d: %v", bound, have, len(want), want)
	}
	if !slices.IsSorted(pseudoprimes[:]) {
		t.Error("the table is not sorted")
	}
	// Below 2^32 there are 2314 (C. Pomerance, J. Selfridge, S. Wagstaff, The pseudoprimes to
	// 25*10^9, Math. Comp. 35 (1980), 1003-1026, and G. Jaeschke, Math. Comp. 61 (1993)).
	if got := len(strongPseudoprimes(3, tableSize)) + len(pseudoprimes); got != 2314 {
		t.Errorf("%d strong pseudoprimes below 2^32", got)
	}
	for _, n := range pseudoprimes {
		if !isStrong(uint64(n)) || new(big.Int).SetUint64(uint64(n)).ProbablyPrime(0) || !isPseudoprime(uint64(n)) {
			t.Errorf("%d is not a strong pseudoprime, or isPseudoprime does not find it", n)
		}
	}
}

// strongPseudoprimes returns the composite n, from <= n < to, that pass the strong test to base
// 2. Let q be the smallest prime factor of n and k the order of 2 modulo q. As 2^(n-1) = 1
// modulo q, n = 1 modulo k; as k divides q-1, also q = 1 modulo k, and n = q modulo q*k.
func strongPseudoprimes(from, to uint64) (list []uint32) {
	composite := make([]bool, 1<<16)
	for q := uint64(3); q*q < to; q += 2 {
		if composite[q] {
			continue
		}
		for m := q * q; m < uint64(len(composite)); m += 2 * q {
			composite[m] = true
		}
		order, power := uint64(1), uint64(2)
		for power != 1 {
			power = power * 2 % q
			order++
		}
		step := q * order
		if step&1 == 1 {
			step *= 2
		}
		for n := q + step*max(1, (max(from, q)-q+step-1)/step); n < to; n += step {
			if isStrong(n) {
				list = append(list, uint32(n))
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// isStrong is the strong test to base 2 by its definition, for odd n < 2^32.
func isStrong(n uint64) bool {
	s := bits.TrailingZeros64(n - 1)
	x, base := uint64(1), uint64(2)
	for d := (n - 1) >> s; d > 0; d >>= 1 {
		if d&1 == 1 {
			x = x * base % n
		}
		base = base * base % n
	}
	if x == 1 || x == n-1 {
		return true
	}
	for range s - 1 {
		if x = x * x % n; x == n-1 {
			return true
		}
	}
	return false
}

// isPrimeInBatch returns the result of a batch of n and the primes of among. It puts n at each place
// and checks that all results are equal.
func isPrimeInBatch(t *testing.T, n uint64, among []uint64) bool {
	t.Helper()
	var results []bool
	for at := range len(among) + 1 {
		b := primeBatch{table: table()}
		for _, p := range slices.Insert(slices.Clone(among), at, n) {
			b.add(p)
		}
		results = append(results, b.finish())
	}
	if slices.Contains(results, !results[0]) {
		t.Fatalf("%d among %v: %v", n, among, results)
	}
	return results[0]
}

// TestPrimeBatch compares the tests of several numbers at a time with provedPrime: around every bound,
// for numbers that pass one part of the test, and for numbers of different lengths together.
func TestPrimeBatch(t *testing.T) {
	small, large := []uint64{1048583, 4294967291, 16777259}, []uint64{1<<60 - 93}
	check := func(n uint64) {
		t.Helper()
		for _, among := range [][]uint64{small, large, slices.Concat(small, large, []uint64{2, 1<<64 - 59})} {
			if got, want := isPrimeInBatch(t, n, among), provedPrime(n); got != want {
				t.Fatalf("%d among %v: %v", n, among, got)
			}
		}
	}
	for _, middle := range []uint64{300, tableSize, 1 << 22, strongBound, 1 << 40, lazyBound} {
		for n := middle - 300; n < middle+300; n++ {
			check(n)
		}
	}
	for _, n := range pseudoprimes {
		check(uint64(n))
	}
	for j := 2; j < 64; j++ {
		check(1<<j - 1)
		check(1<<j + 1)
	}
	for _, n := range []uint64{
		3215031751, 2152302898747, 3474749660383, 341550071728321, 3825123056546413051, 4759123141, 1122004669633,
		4294967291 * 65537, 1048583 * 1048583, 5394826801, 232250619601, 9746347772161, 1436697831295441,
	} {
		check(n)
	}
}

func FuzzPrimeBatch(f *testing.F) {
	f.Add(uint64(1<<32-5), uint64(1<<20+7), uint64(1<<60-93), uint64(2), uint64(1194649), uint64(4294967291*3))
	f.Fuzz(func(t *testing.T, a, b, c, d, e, g uint64) {
		want, batch := true, primeBatch{table: table()}
		for _, n := range []uint64{a, b, c, d, e, g} {
			for _, n := range []uint64{n, n | 1, n>>20 | 1, n>>32 | 1, n>>36 | 1} {
				for !provedPrime(n) && n > a%3 { // sometimes a composite
					n--
				}
				want = want && provedPrime(n)
				batch.add(n)
			}
		}
		if got := batch.finish(); got != want {
			t.Errorf("%d %d %d %d %d %d: %v, want %v", a, b, c, d, e, g, got, want)
		}
	})
}

// TestAllTrue makes one of many answers wrong in several ways: allTrue must return false, and Result
// must return the error of Answer for it.
func TestAllTrue(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	r := &task.Result{Kind: task.KindFactor}
	var numbers []nat.Nat
	for len(numbers) < 60 {
		n := random.Uint64()>>(random.IntN(40)) | 2
		numbers = append(numbers, nat.New(n))
		r.Items = append(r.Items, task.Factorization{Factors: factor(n)})
	}
	if !allTrue(context.Background(), numbers, r.Items) {
		t.Fatal("allTrue refuses true answers")
	}
	for i := range numbers {
		right := r.Items[i].Factors
		last := len(right) - 1
		for name, change := range map[string]func(f []task.Factor) []task.Factor{
			"a factor is missing": func(f []task.Factor) []task.Factor { return f[:last] },
			"an exponent":         func(f []task.Factor) []task.Factor { f[last].Exp++; return f },
			"a status":            func(f []task.Factor) []task.Factor { f[last].Status = task.PRP; return f },
			"another factor":      func(f []task.Factor) []task.Factor { p, _ := f[last].P.Word(); f[last].P = nat.New(p ^ 4); return f },
			"not factored":        func([]task.Factor) []task.Factor { return []task.Factor{{P: numbers[i], Exp: 1, Status: task.Prime}} },
			"no factors":          func([]task.Factor) []task.Factor { return nil },
		} {
			r.Items[i].Factors = change(slices.Clone(right))
			want := Answer(context.Background(), task.KindFactor, numbers[i], &r.Items[i])
			got := Result(context.Background(), task.KindFactor, numbers, r)
			if want == nil && got == nil {
				continue // the number is prime
			}
			if text := fmt.Sprintf("number %d of %d, %v: %v", i+1, len(numbers), numbers[i], want); got == nil || got.Error() != text {
				t.Errorf("%s of %v: %v, want %s", name, numbers[i], got, text)
			}
		}
		r.Items[i].Factors = right
	}
}
