package verify

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// Certificate checks that text proves p prime. task.Certificate defines its form.
// theorem.go states the theorems by which each step proves its N, provided that the
// primes of later steps are prime. As N descends, all of them are proved, from the last
// step to the first.
//
// The limits of task.Certificate bound the time, whatever the text claims: seconds for a
// number of 16,384 bits. The error wraps the cause of the end of ctx if it has ended.
func Certificate(ctx context.Context, p nat.Nat, text string) error {
	c, err := task.ParseCertificate(text)
	if err != nil {
		return err
	}
	if c.Steps[0].N.Cmp(p) != 0 {
		return fmt.Errorf("it proves another number, %s", short(c.Steps[0].N))
	}
	if err := checkStructure(c); err != nil {
		return err
	}
	for i := range c.Steps {
		if err := checkStep(ctx, &c.Steps[i]); err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, short(c.Steps[i].N), err)
		}
	}
	return nil
}

var (
	errSmall  = errors.New("the number is even or below 2^64")
	errUnused = errors.New("no earlier step uses it")
)

// checkStructure checks that all Q below 2^64 are prime, that a later step proves each of
// the others, and that each step proves an odd number of 2^64 or more which an earlier step
// uses. It needs no arithmetic modulo N.
//
// A step that no other uses is refused, although it proves nothing false: it would only cost time. A step removes
// its N from used, and later steps are smaller, so that none adds it again.
func checkStructure(c *task.Certificate) error {
	used := map[string]bool{c.Steps[0].N.String(): true} // primes that the steps so far use and no step has proved
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

// checkStep checks that s proves its N, if its Q are prime. Requires N odd, N >= 2^64.
func checkStep(ctx context.Context, s *task.Step) error {
	n := s.N.Big()
	f1, f2 := one, one
	var err error
	if len(s.Minus) > 0 {
		if f1, err = minusPart(ctx, n, s.Minus); err != nil {
			return err
		}
	}
	if len(s.Plus) > 0 {
		if f2, err = plusPart(ctx, n, s.Plus); err != nil {
			return err
		}
	}
	return conclude(n, f1, f2)
}

// divide returns f*q^v, where q^v is the largest power of q that divides m; false if q does
// not divide m.
//
// It takes v+1 <= bits(m) divisions.
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
