package input

import (
	"io"
	"strings"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// args is a source of tokens that are already apart.
type args struct{ rest []string }

// Args returns the numbers of a command line, one token an argument.
func Args(list []string) Source { return &args{rest: list} }

func (a *args) read(dst []nat.Nat, bad func(task.BadToken)) (n int, err error) {
	for n < len(dst) && len(a.rest) > 0 {
		x, t := parse(a.rest[0])
		if t == nil {
			dst[n] = x
			n++
		} else {
			t.Source = "argument"
			bad(*t)
		}
		a.rest = a.rest[1:]
	}
	if len(a.rest) == 0 {
		return n, io.EOF
	}
	return n, nil
}

// parse reads one token given by itself, with leading spaces. If it is no number,
// parse says so without a source.
func parse(s string) (nat.Nat, *task.BadToken) {
	var t token
	if b := strings.TrimLeft(s, " "); b != "" {
		t.add([]byte(b))
	}
	n, why := t.number()
	if why != "" {
		return n, &task.BadToken{Text: t.quoted(), Why: why}
	}
	return n, nil
}
