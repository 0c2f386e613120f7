package verify

import (
	"errors"
	"math/big"
	"math/bits"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

var errSquare = errors.New("the answer is not the square of the number")

// checkSquare checks that factors is the single Value n*n. The kind measures the queue, so the check of a word is
// a single multiplication.
func checkSquare(n nat.Nat, factors []task.Factor) error {
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
