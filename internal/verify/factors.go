package verify

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"math/bits"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

var (
	errExponent = errors.New("an exponent is 0")
	errFactor   = errors.New("a factor is 0 or 1")
	errOrder    = errors.New("the factors are not distinct and ascending")
	errProduct  = errors.New("the product of the factors is not the number")
	errNone     = errors.New("0 and 1 have no factors")

	errCertificates = errors.New("a certificate for a factor that needs none")
)

// checkOrder checks that the factors ascend strictly from 2 on, and that their exponents
// are >= 1.
func checkOrder(factors []task.Factor) error {
	for i := range factors {
		f := &factors[i]
		switch {
		case f.Exp == 0:
			return errExponent
		case f.P.BitLen() < 2:
			return errFactor
		case i > 0 && factors[i-1].P.Cmp(f.P) >= 0:
			return errOrder
		}
	}
	return nil
}

// checkProduct checks that n is the product of the powers of factors. Requires
// checkOrder.
func checkProduct(n nat.Nat, factors []task.Factor) error {
	w, ok := n.Word()
	switch {
	case n.BitLen() < 2 && len(factors) == 0:
		return nil
	case n.BitLen() < 2:
		return errNone
	case ok:
		return checkWordProduct(w, factors)
	default:
		return checkBigProduct(n, factors)
	}
}

// checkWordProduct is checkProduct for n < 2^64. Each multiplication at least doubles x, so
// x exceeds 2^64 after at most 64 of them, whatever the exponents.
func checkWordProduct(n uint64, factors []task.Factor) error {
	x := uint64(1)
	for i := range factors {
		p, ok := factors[i].P.Word()
		if !ok {
			return errProduct
		}
		for range factors[i].Exp {
			var high uint64
			high, x = bits.Mul64(x, p)
			if high != 0 {
				return errProduct
			}
		}
	}
	if x != n {
		return errProduct
	}
	return nil
}

// checkBigProduct is checkProduct for any n. It first compares lengths, so that exponents
// cannot make it multiply more than twice the length of n: a factor p of k >= 2 bits
// has
//
//	2^((k-1)*e) <= p^e < 2^(k*e) <= 2^(2*(k-1)*e)
//
// so the sum of all (k-1)*e is less than bits(n), else the product exceeds n; and the
// sum of all k*e is then less than 2*bits(n).
func checkBigProduct(n nat.Nat, factors []task.Factor) error {
	left := uint64(n.BitLen())
	for i := range factors {
		f := &factors[i]
		need := uint64(f.P.BitLen()-1) * uint64(f.Exp) // < 2^31 * 2^32
		if need >= left {
			return errProduct
		}
		left -= need
	}
	x, power := big.NewInt(1), new(big.Int)
	word := uint64(1) // the product so far is x*word; it saves multiplications of big.Int
	for i := range factors {
		f := &factors[i]
		if p, ok := f.P.Word(); ok && f.Exp == 1 {
			high, low := bits.Mul64(word, p)
			if high == 0 {
				word = low
				continue
			}
		}
		x.Mul(x, power.SetUint64(word))
		word = 1
		if f.Exp == 1 {
			x.Mul(x, f.P.Big())
		} else {
			x.Mul(x, power.Exp(f.P.Big(), new(big.Int).SetUint64(uint64(f.Exp)), nil))
		}
	}
	if x.Mul(x, power.SetUint64(word)).Cmp(n.Big()) != 0 {
		return errProduct
	}
	return nil
}

// checkStatus checks that f is what its status says. certificate is "" if f has none. For a factor of 2^64 or
// more its time exceeds that of all other checks: it grows with the cube of the length.
func checkStatus(ctx context.Context, f *task.Factor, certificate string) error {
	w, word := f.P.Word()
	if certificate != "" && (word || f.Status != task.Prime) {
		return errCertificates
	}
	switch f.Status {
	case task.Prime:
		switch {
		case !word && certificate == "":
			return fmt.Errorf("%s is 2^64 or more and called prime without a certificate", short(f.P))
		case !word:
			if err := Certificate(ctx, f.P, certificate); err != nil {
				return fmt.Errorf("certificate of %s: %w", short(f.P), err)
			}
		case !provedPrime(w):
			return fmt.Errorf("%s is not prime", short(f.P))
		}
	case task.PRP:
		if word {
			return fmt.Errorf("%s is below 2^64 and called a probable prime", short(f.P))
		}
		switch prime, err := probablePrime(ctx, f.P.Big()); {
		case err != nil:
			return err
		case !prime:
			return fmt.Errorf("%s is not a probable prime", short(f.P))
		}
	case task.Composite:
		return checkComposite(ctx, f.P)
	default:
		return fmt.Errorf("%s has the invalid status %v", short(f.P), f.Status)
	}
	return nil
}
