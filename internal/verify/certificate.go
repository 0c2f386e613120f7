package verify

import (
	"errors"
	"fmt"
	"math/big"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// Certificate checks that text proves p prime; see task.Certificate for its form. Each
// step proves its N, taken that the primes of later steps are prime: theorem.go says
// by which theorem and why. As N descends, all of them are proved, the last first.
//
// The time is bounded by the limits of task.Certificate, whatever the text claims.
func Certificate(p nat.Nat, text string) error {
	c, err := task.ParseCertificate(text)
	if err != nil {
		return err
	}
	if c.Steps[0].N.Cmp(p) != 0 {
		return fmt.Errorf("it is about %s", short(c.Steps[0].N))
	}
	if err := structure(c); err != nil {
		return err
	}
	for i := range c.Steps {
		if err := step(&c.Steps[i]); err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, short(c.Steps[i].N), err)
		}
	}
	return nil
}

var (
	errSmall  = errors.New("it is even or below 2^64")
	errUnused = errors.New("no step before uses it")
)

// structure checks what needs no arithmetic modulo N: that all primes below 2^64 are
// primes, that there is a step about each of the others, and that each step is about an
// odd number of 2^64 or more which a step before uses.
func structure(c *task.Certificate) error {
	used := map[string]bool{c.Steps[0].N.String(): true}
	for i := range c.Steps {
		s := &c.Steps[i]
		if _, word := s.N.Word(); word || s.N.Big().Bit(0) == 0 {
			return fmt.Errorf("step %d, %s: %w", i+1, short(s.N), errSmall)
		}
		n := s.N.String()
		if !used[n] {
			return fmt.Errorf("step %d, %s: %w", i+1, short(s.N), errUnused)
		}
		delete(used, n)
		for _, list := range [][]task.Witness{s.Minus, s.Plus} {
			for j := range list {
				switch q, word := list[j].Q.Word(); {
				case !word:
					used[list[j].Q.String()] = true
				case !provedPrime(q):
					return fmt.Errorf("step %d: %d is not prime", i+1, q)
				}
			}
		}
	}
	for q := range used {
		return fmt.Errorf("no step proves %.40s", q)
	}
	return nil
}

// step checks that s proves its N, an odd number of 2^64 or more, if its Q are prime.
func step(s *task.Step) error {
	n := s.N.Big()
	f1, f2 := one, one
	var err error
	if len(s.Minus) > 0 {
		if f1, err = minusPart(n, s.Minus); err != nil {
			return err
		}
	}
	if len(s.Plus) > 0 {
		if f2, err = plusPart(n, s.Plus); err != nil {
			return err
		}
	}
	return conclude(n, f1, f2)
}

// A part of m, for m = n-1 and m = n+1, is the product f of q^v over the primes q of a
// list, q^v being the power of q that divides m and v >= 1. divide returns f times the
// power of q; false if q does not divide m.
func divide(f, m, q *big.Int) (*big.Int, bool) {
	left, rest := new(big.Int).QuoRem(m, q, new(big.Int))
	if rest.Sign() != 0 {
		return nil, false
	}
	f = new(big.Int).Mul(f, q)
	for {
		next, rest := new(big.Int).QuoRem(left, q, rest)
		if rest.Sign() != 0 {
			return f, true
		}
		left = next
		f.Mul(f, q)
	}
}

var one = big.NewInt(1)
