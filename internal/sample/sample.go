// Package sample makes lists of numbers to measure an engine with. They are the classes
// that published figures of factoring programs use. The same arguments give the same
// list.
package sample

import (
	"math/big"
	"math/rand/v2"

	"factorfleet/internal/nat"
)

// Tutorial returns the 1000 odd numbers from 999,999,999,999 to 1,000,000,001,997.
func Tutorial() []nat.Nat {
	list := make([]nat.Nat, 1000)
	for i := range list {
		list[i] = nat.New(999_999_999_999 + 2*uint64(i))
	}
	return list
}

// Random returns count odd numbers of exactly so many bits, at least 2, that are
// otherwise random. bits and seed determine the list; a longer list begins with a
// shorter one.
func Random(bits, count int, seed uint64) []nat.Nat {
	return fill(count, bits, seed, func(r *rand.Rand) *big.Int { return random(r, bits) })
}

// Semiprimes returns count products of exactly so many bits, at least 8, of two
// probable primes of half the size. bits and seed determine the list.
func Semiprimes(bits, count int, seed uint64) []nat.Nat {
	return fill(count, bits, seed, func(r *rand.Rand) *big.Int {
		for {
			n := new(big.Int).Mul(prime(r, bits/2), prime(r, bits-bits/2))
			if n.BitLen() == bits {
				return n
			}
		}
	})
}

// fill returns count results of one, which gets a generator that depends on bits and
// seed.
func fill(count, bits int, seed uint64, one func(*rand.Rand) *big.Int) []nat.Nat {
	r := rand.New(rand.NewPCG(seed, uint64(bits)))
	list := make([]nat.Nat, count)
	for i := range list {
		list[i] = nat.FromBig(one(r))
	}
	return list
}

// random returns a random odd number of exactly so many bits, at least 2.
func random(r *rand.Rand, bits int) *big.Int {
	n := new(big.Int)
	for range (bits + 63) / 64 {
		n.Or(n.Lsh(n, 64), new(big.Int).SetUint64(r.Uint64()))
	}
	n.Rsh(n, uint((64-bits%64)%64))
	return n.SetBit(n.SetBit(n, bits-1, 1), 0, 1)
}

// prime returns a random prime by Baillie-PSW of exactly so many bits, at least 2.
func prime(r *rand.Rand, bits int) *big.Int {
	for {
		if p := random(r, bits); p.ProbablyPrime(0) {
			return p
		}
	}
}
