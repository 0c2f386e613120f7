package verify

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// This file checks what an unfinished answer claims of the work behind it. The claims of a worker are
// its own, so that they prove nothing. But a worker that gives up early without lying about its time
// is found at once, and p-1 finds the factors that every worker finds.

// togetherBits is the size of the largest numbers that workers factor together. With earlier versions
// such numbers share their time, so that only the time of the whole result is known.
const togetherBits = 128

// Unfinished checks the unfinished answers of r for numbers, a result of kind factor that Result has
// accepted. budget returns the least time that a worker may have had for a number of so many bits. If one, an answer with a
// proper factor needs no time: that factor has been verified, so that it is no claim.
// For each unfinished answer:
//
//	its method ends in "unfinished after ..."
//	its time has reached the budget: a worker measures both by the same clock, so that there
//	is no tolerance. It is the CPU time of all threads that have worked on the number. Workers
//	of earlier versions state their wall-clock time instead, and have a budget of that
//	p-1 with the bound pm1Bound finds no divisor of its unfinished factors, if sureOfPM1
//
// The error names the first number whose answer fails, counted from 1, and the reason. If ctx has
// ended, the error wraps its cause and says nothing about the answers.
func Unfinished(ctx context.Context, numbers []nat.Nat, r *task.Result, one bool, budget func(bits int) time.Duration) error {
	for i, n := range numbers {
		if _, word := n.Word(); word { // these are never unfinished; most numbers are of that size
			continue
		}
		f := &r.Items[i]
		if !f.Unfinished() {
			continue
		}
		claimed := f.CPU
		if n.BitLen() <= togetherBits {
			claimed = max(claimed, r.Elapsed)
		}
		least := budget(n.BitLen())
		if one && f.HasProper() {
			least = 0
		}
		if err := checkEffort(ctx, f, claimed, least); err != nil {
			return fmt.Errorf("number %d of %d, %s: %w", i+1, len(numbers), short(n), err)
		}
	}
	return nil
}

// checkEffort is Unfinished for one unfinished answer, whose worker claims that it took so long.
func checkEffort(ctx context.Context, f *task.Factorization, claimed, budget time.Duration) error {
	switch {
	case !strings.Contains(f.Method, "unfinished after "):
		return fmt.Errorf("unfinished, and the method %.40q does not say after what", f.Method)
	case claimed < budget:
		return fmt.Errorf("unfinished after %v, %w of %v was spent", claimed, ErrEarly, budget)
	}
	for i := range f.Factors {
		p := &f.Factors[i]
		if p.Status != task.Composite || !sureOfPM1(p.P.BitLen(), budget) {
			continue
		}
		if err := ended(ctx); err != nil {
			return err
		}
		if d := pm1(p.P.Big()); d != nil {
			return fmt.Errorf("%s is unfinished, and %w %s", short(p.P), ErrEasy, short(nat.FromBig(d)))
		}
	}
	return nil
}

// ErrEarly is wrapped by the error of Unfinished for an answer that was left unfinished too soon.
var ErrEarly = errors.New("before its budget")

// ErrEasy is wrapped by the error of Unfinished for an answer that p-1 completes.
var ErrEasy = errors.New("p-1 finds its divisor")

// Bounds of p-1.
const (
	// pm1Bound is the bound of stage 1; there is no stage 2. Workers run p-1 with this bound at least.
	pm1Bound = 1000
	// pm1Bits is the size of the largest numbers, 1,000 digits. They take 6 ms (BenchmarkPM1), a quarter
	// of their primality test.
	pm1Bits = 3322
	// pm1Budget is the least budget with which all workers have run p-1. Workers of this version run it
	// whatever their budget. Those of the version before ran it after their first curves, which take
	// less than two seconds with numbers of up to pm1Bits, but not if the machine was busy or asleep.
	pm1Budget = 20 * time.Second
)

// sureOfPM1 reports whether every worker that follows the rules has run p-1 with a number of so many
// bits that it leaves unfinished.
func sureOfPM1(bits int, budget time.Duration) bool { return bits <= pm1Bits && budget >= pm1Budget }

// pm1 returns a divisor d of n, 1 < d < n, or nil if p-1 finds none: d = gcd(3^e - 1, n), with e of
// pm1Exponent. A prime p of n divides d exactly if the order of 3 modulo p divides e, above all if
// p-1 does. Requires n odd and above 1. A worker that computes 3^(k*e) for some k has found p too, or
// all of n at once.
//
// Source: J. M. Pollard, Theorems on factorization and primality testing, Proc. Cambridge Phil. Soc. 76 (1974).
func pm1(n *big.Int) *big.Int {
	d := new(big.Int).Exp(big.NewInt(3), pm1Exponent(), n)
	d.GCD(nil, nil, d.Sub(d, one), n)
	if d.Cmp(one) == 0 || d.Cmp(n) == 0 {
		return nil
	}
	return d
}

// pm1Exponent returns the product of the largest powers up to pm1Bound of all primes, 1,438 bits.
var pm1Exponent = sync.OnceValue(func() *big.Int {
	e := big.NewInt(1)
	for p := uint64(2); p <= pm1Bound; p++ {
		if !provedPrime(p) {
			continue
		}
		power := p
		for power*p <= pm1Bound {
			power *= p
		}
		e.Mul(e, new(big.Int).SetUint64(power))
	}
	return e
})
