package input

import (
	"io"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// args is a Source of separate numbers.
type args struct {
	syntax Syntax
	rest   []string
}

func (a *args) read(dst []nat.Nat, to *sink) (n int, err error) {
	for n < len(dst) && len(a.rest) > 0 {
		t := a.syntax.token(a.rest[0])
		if x, why := t.read(a.syntax); why == "" {
			dst[n] = x.n
			to.took(n, x)
			n++
		} else {
			to.bad(task.BadToken{Source: "argument", Text: t.quoted(), Why: why})
		}
		a.rest = a.rest[1:]
	}
	if len(a.rest) == 0 {
		return n, io.EOF
	}
	return n, nil
}
