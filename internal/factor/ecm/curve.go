package ecm

import "fmt"

// A Curve names a computation that anybody can repeat.
type Curve struct {
	B1, B2, Sigma uint64
}

// String returns the curve as results name it.
func (c Curve) String() string {
	return fmt.Sprintf("ecm(B1=%d,B2=%d,sigma=%d)", c.B1, c.B2, c.Sigma)
}

// minSigma is the least sigma: 1 and 5 give no curve, the others below 6 a
// known one.
const minSigma = 6
