package input

import (
	"io"

	"factorfleet/internal/nat"
)

// args is a Source of separate numbers.
type args struct {
	syntax Syntax
	rest   []string
}

func (a *args) read(dst []nat.Nat, to *sink) (n int, err error) {
	for n < len(dst) && len(a.rest) > 0 {
		x, written, bad := a.syntax.parse(a.rest[0])
		if bad == nil {
			dst[n] = x
			to.wrote(n, written)
			n++
		} else {
			bad.Source = "argument"
			to.bad(*bad)
		}
		a.rest = a.rest[1:]
	}
	if len(a.rest) == 0 {
		return n, io.EOF
	}
	return n, nil
}
