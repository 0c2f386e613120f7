package input

import (
	"io"
	"strings"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// args is a Source of separate tokens.
type args struct {
	rest  []string
	known []task.Known // factors of numbers of the present read
}

// takeKnown implements knower.
func (a *args) takeKnown() (known []task.Known) {
	known, a.known = a.known, nil
	return known
}

// Args returns the numbers of command line arguments. Each argument is one token. The
// source of an invalid one is "argument", its line 0.
func Args(list []string) Source { return &args{rest: list} }

func (a *args) read(dst []nat.Nat, bad func(task.BadToken)) (n int, err error) {
	for n < len(dst) && len(a.rest) > 0 {
		x, factors, t := parse(a.rest[0])
		if t == nil {
			dst[n] = x
			if len(factors) > 0 {
				a.known = append(a.known, task.Known{At: n, Factors: factors})
			}
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

// parse reads one token, which may have leading spaces: a number, with its known factors or not. If it is invalid, parse
// returns its text and the reason, without a source.
func parse(s string) (nat.Nat, []nat.Nat, *task.BadToken) {
	var t token
	if b := strings.TrimLeft(s, " "); b != "" {
		t.add([]byte(b))
	}
	n, why := t.number()
	var factors []nat.Nat
	if why == "" && t.equals {
		factors, why = knownFactors(n, t.list)
	}
	if why != "" {
		return n, nil, &task.BadToken{Text: t.quoted(), Why: why}
	}
	return n, factors, nil
}
