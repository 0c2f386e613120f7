// Package verify is the independent oracle: it decides whether an answer that a
// worker sent is true. Nothing reaches a user that has not passed it.
//
// An answer for n of kind factor is true if its factors are distinct and
// ascending, the product of their powers is exactly n, and each of them is what
// its status says:
//
//	Prime      proved prime: below 2^64 here, see provedPrime and queue; else by the certificate
//	           that comes with it, see Certificate
//	PRP        at least 2^64 and a Baillie-PSW probable prime, of which no
//	           composite is known (R. Baillie, S. Wagstaff, Lucas pseudoprimes,
//	           Math. Comp. 35 (1980), 1391-1417); the test is that of math/big
//	Composite  at least 2^64: the worker came to the end of its budget. This
//	           claims nothing about the factor and nothing is tested, as proving
//	           a number of 16,384 bits composite may be what the budget was short
//	           of. A smaller factor is never left unfinished.
//
// By policy the package imports nothing of the factoring engine: an error of one
// must not be an error of both. Its work is bounded by the size of n, whatever the
// answer claims. It does not check method and CPU time: these are hints.
package verify

import (
	"errors"
	"fmt"
	"math/big"
	"math/bits"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// Result checks the answers of r for numbers, which are those of its range. The
// error names the first number whose answer is wrong, and why.
func Result(kind string, numbers []nat.Nat, r *task.Result) error {
	if r.Kind != kind {
		return fmt.Errorf("answers of kind %.20q to a job of kind %s", r.Kind, kind)
	}
	if len(r.Items) != len(numbers) {
		return fmt.Errorf("%d answers to %d numbers", len(r.Items), len(numbers))
	}
	if kind == task.KindFactor && quick(numbers, r.Items) {
		return nil
	}
	for i, n := range numbers {
		if err := Answer(kind, n, &r.Items[i]); err != nil {
			return fmt.Errorf("number %d of %d, %s: %w", i+1, len(numbers), short(n), err)
		}
	}
	return nil
}

// Answer checks that f is true for n under kind.
func Answer(kind string, n nat.Nat, f *task.Factorization) error {
	switch kind {
	case task.KindFactor:
		if f.Certificates == nil && words(n, f.Factors) {
			return nil
		}
		if err := order(f.Factors); err != nil {
			return err
		}
		if err := product(n, f.Factors); err != nil {
			return err
		}
		if f.Certificates != nil && len(f.Certificates) != len(f.Factors) {
			return errCertificates
		}
		for i := range f.Factors {
			if err := status(&f.Factors[i], f.Certificate(i)); err != nil {
				return err
			}
		}
		return nil
	case task.KindSquare:
		if f.Certificates != nil {
			return errCertificates
		}
		return square(n, f.Factors)
	default:
		return fmt.Errorf("nothing is known of kind %.20q", kind)
	}
}

// words reports whether factors are a true answer for n and all of it are words, as
// nearly always. If not, the checks below say why or look at larger factors.
func words(n nat.Nat, factors []task.Factor) bool {
	if !wordFactors(n, factors) {
		return false
	}
	for i := range factors {
		if p, _ := factors[i].P.Word(); !provedPrime(p) {
			return false
		}
	}
	return true
}

// wordFactors reports whether factors, if they are prime, are a true answer for n, and all of
// it are words.
func wordFactors(n nat.Nat, factors []task.Factor) bool {
	w, ok := n.Word()
	product, last := uint64(1), uint64(1)
	for i := range factors {
		f := &factors[i]
		p, word := f.P.Word()
		ok = ok && word && p > last && f.Exp != 0 && f.Status == task.Prime
		// As p >= 2, product leaves the word after 64 multiplications at most.
		for e := f.Exp; ok && e > 0; e-- {
			var high uint64
			high, product = bits.Mul64(product, p)
			ok = high == 0
		}
		if !ok {
			return false
		}
		last = p
	}
	return ok && product == w && w > 1
}

var (
	errExponent = errors.New("an exponent is 0")
	errFactor   = errors.New("0 or 1 is given as a factor")
	errOrder    = errors.New("the factors are not distinct and ascending")
	errProduct  = errors.New("the product of the factors is another number")
	errNone     = errors.New("0 and 1 have no factors")
	errSquare   = errors.New("the answer is not the square")

	errCertificates = errors.New("certificates for what has no need of them")
)

// order checks that factors is strictly ascending and that it starts at 2, with
// exponents >= 1.
func order(factors []task.Factor) error {
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

// product checks that n is the product of factors, all of which are >= 2 with
// exponents >= 1.
func product(n nat.Nat, factors []task.Factor) error {
	w, ok := n.Word()
	switch {
	case n.BitLen() < 2 && len(factors) == 0:
		return nil
	case n.BitLen() < 2:
		return errNone
	case ok:
		return wordProduct(w, factors)
	default:
		return bigProduct(n, factors)
	}
}

// wordProduct is product for n < 2^64. As each factor at least doubles x, there
// are at most 64 multiplications before x exceeds a word.
func wordProduct(n uint64, factors []task.Factor) error {
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

// bigProduct is product for any n. A factor p of k bits is at least 2^(k-1), so
// p^e is at least 2^((k-1)*e), and the sum of these (k-1)*e is less than the length
// of n or the product is not n. As k >= 2, k*e <= 2*(k-1)*e: what is multiplied
// thereafter has at most twice the length of n.
func bigProduct(n nat.Nat, factors []task.Factor) error {
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
	word := uint64(1) // the product so far is x*word
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

// status checks that f is what its status says, with its certificate if that is not "".
func status(f *task.Factor, certificate string) error {
	w, word := f.P.Word()
	if certificate != "" && (word || f.Status != task.Prime) {
		return errCertificates
	}
	switch f.Status {
	case task.Prime:
		switch {
		case !word && certificate == "":
			return fmt.Errorf("%s has 2^64 or more and is called proved without a certificate", short(f.P))
		case !word:
			if err := Certificate(f.P, certificate); err != nil {
				return fmt.Errorf("the certificate of %s: %w", short(f.P), err)
			}
		case !provedPrime(w):
			return fmt.Errorf("%s is not prime", short(f.P))
		}
	case task.PRP:
		switch {
		case word:
			return fmt.Errorf("%s is below 2^64 and only a probable prime", short(f.P))
		case !f.P.Big().ProbablyPrime(0):
			return fmt.Errorf("%s is not a probable prime", short(f.P))
		}
	case task.Composite:
		if word {
			return fmt.Errorf("%s is below 2^64 and left unfinished", short(f.P))
		}
	default:
		return fmt.Errorf("%s has the status %v", short(f.P), f.Status)
	}
	return nil
}

// square checks that the answer is n*n, a single value.
func square(n nat.Nat, factors []task.Factor) error {
	if len(factors) != 1 || factors[0].Exp != 1 || factors[0].Status != task.Value {
		return errSquare
	}
	p := factors[0].P
	if w, ok := n.Word(); ok {
		high, low := bits.Mul64(w, w)
		if x, ok := p.Word(); ok {
			if high != 0 || x != low {
				return errSquare
			}
			return nil
		}
	}
	x := n.Big()
	if new(big.Int).Mul(x, x).Cmp(p.Big()) != 0 {
		return errSquare
	}
	return nil
}

// short returns n, or its beginning and its length if it is long.
func short(n nat.Nat) string {
	s := n.String()
	if len(s) <= 40 {
		return s
	}
	return fmt.Sprintf("%s…(%d digits)", s[:20], len(s))
}
