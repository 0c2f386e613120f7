// Package verify is the independent oracle: it decides whether the answer of a worker is
// true. No answer reaches a user that has not passed it.
//
// An answer f of kind factor for n is true if its factors are distinct and ascending, the
// product of their powers p^e is exactly n, and each p is what its status says:
//
//	Prime      proved prime: below 2^64 by provedPrime, else by the certificate that
//	           comes with it, see Certificate
//	PRP        at least 2^64 and a Baillie-PSW probable prime, by the test of math/big.
//	           No composite that passes is known (R. Baillie, S. Wagstaff, Lucas
//	           pseudoprimes, Math. Comp. 35 (1980), 1391-1417)
//	Composite  unfinished: the budget of the worker ended. At least 2^64, without prime
//	           factors below 2^16, no power, and not a Baillie-PSW probable prime: every
//	           worker finds out so much, whatever its budget
//
// 0 and 1 have no factors. An answer of kind square is the single Value n*n. The answers of the kinds exec:NAME come from
// the commands of users: only their form is checked, see Items.
//
//	verify.go       which checks an answer has to pass
//	factors.go      order, product, and what each status claims; square.go: kind square
//	items.go        the form of the answers of the kinds exec:NAME
//	batch.go        the same for numbers below 2^64, several at a time, which is the usual case
//	prime.go        which test proves a number below 2^64 prime
//	montgomery.go   arithmetic modulo n for all of these tests
//	bailliepsw.go   strong test and Lucas test of one number; pair.go: of two; lucas.go: the parameter P
//	strong.go       strong test of four numbers below 2^32; pseudoprimes.go: its exceptions
//	unfinished.go   the effort that an unfinished answer has to show
//	composite.go    what an unfinished factor has to be; probable.go: tests of long numbers, which can be interrupted
//	certificate.go  the steps of a certificate; theorem.go: the theorems, with proofs; ring.go: arithmetic
//
// Several numbers are tested at a time because a test is a chain of multiplications, each of which needs the
// result of the one before. The processor starts a multiplication a cycle, and a product takes several cycles.
// Independent chains in one loop fill the gaps.
//
// By policy the package imports nothing of the factoring engine, so that an error of
// the engine is not an error of its check. The time is bounded by the size of n,
// whatever the answer claims. Method and CPU time of complete answers are not checked; those
// of unfinished ones have to show the effort that the job asks for, see Unfinished.
package verify

import (
	"context"
	"fmt"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// Result checks the answers of r for numbers, which are those of its range. The error
// names the first number whose answer is wrong, counted from 1, and the reason. If ctx has
// ended, the error wraps its cause and says nothing about the answers.
func Result(ctx context.Context, kind string, numbers []nat.Nat, r *task.Result) error {
	if r.Kind != kind {
		return fmt.Errorf("kind %.20q in a job of kind %s", r.Kind, kind)
	}
	if len(r.Items) != len(numbers) {
		return fmt.Errorf("%d answers for %d numbers", len(r.Items), len(numbers))
	}
	if kind == task.KindFactor && allTrue(ctx, numbers, r.Items) {
		return nil
	}
	for i, n := range numbers {
		if err := Answer(ctx, kind, n, &r.Items[i]); err != nil {
			return fmt.Errorf("number %d of %d, %s: %w", i+1, len(numbers), short(n), err)
		}
	}
	return nil
}

// Answer checks that f is a true answer for n in a job of the given kind. The error is the
// reason why it is not, or wraps the cause of the end of ctx: the tests of numbers of 2048
// bits and more end within 100 ms, those of shorter ones between two of them.
func Answer(ctx context.Context, kind string, n nat.Nat, f *task.Factorization) error {
	if n.BitLen() > task.MaxBits { // an input block may have it: see task.DecodeBlock
		return errTooLarge
	}
	switch kind {
	case task.KindFactor:
		return factorAnswer(ctx, n, f)
	case task.KindSquare:
		if f.Certificates != nil {
			return errCertificates
		}
		return checkSquare(n, f.Factors)
	default:
		return fmt.Errorf("unknown kind %.20q", kind)
	}
}

// factorAnswer is Answer for kind factor.
func factorAnswer(ctx context.Context, n nat.Nat, f *task.Factorization) error {
	if f.Certificates == nil && trueInWords(n, f.Factors) {
		return nil
	}
	if err := checkOrder(f.Factors); err != nil {
		return err
	}
	if err := checkProduct(n, f.Factors); err != nil {
		return err
	}
	if f.Certificates != nil && len(f.Certificates) != len(f.Factors) {
		return errCertificates
	}
	for i := range f.Factors {
		if err := checkStatus(ctx, &f.Factors[i], f.Certificate(i)); err != nil {
			return err
		}
	}
	return nil
}

// short returns n, or its beginning and its length if it is long.
func short(n nat.Nat) string {
	if n.BitLen() > task.MaxBits { // its digits would take long
		return fmt.Sprintf("of %d bits", n.BitLen())
	}
	s := n.String()
	if len(s) <= 40 {
		return s
	}
	return fmt.Sprintf("%s…(%d digits)", s[:20], len(s))
}
