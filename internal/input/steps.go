package input

import (
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// steps is the Source of next, next+step, ... up to last.
type steps struct {
	next, last, step nat.Nat // next <= last unless done; step > 0
	done             bool
}

var (
	errZeroStep   = errors.New("the step must not be 0")
	errDecreasing = errors.New("the end is below the start")
	errLongRange  = errors.New("the end is " + whyTooLong)
)

// Steps returns the numbers a, a+step, a+2*step, ... that are at most b. It returns an
// error if a > b, if step is 0, or if b has more than task.MaxBits bits.
func Steps(a, b, step nat.Nat) (Source, error) {
	switch {
	case step.BitLen() == 0:
		return nil, errZeroStep
	case a.Cmp(b) > 0:
		return nil, errDecreasing
	case b.BitLen() > task.MaxBits:
		return nil, errLongRange
	}
	return &steps{next: a, last: b, step: step}, nil
}

// ParseRange returns the Steps of "A:B:STEP", or of "A:B" with STEP 1. B is included.
// The parts follow the rules of an argument. An error names s.
func (x Syntax) ParseRange(s string) (Source, error) {
	parts := strings.Split(s, ":")
	if len(parts) != 2 && len(parts) != 3 {
		return nil, fmt.Errorf("%.60q is not a range A:B or A:B:STEP", s)
	}
	numbers := [3]nat.Nat{2: nat.New(1)}
	for i, part := range parts {
		t := x.token(part)
		n, _, why := t.value(x)
		if t.equals {
			why = whyNotInteger
		}
		if why != "" {
			return nil, fmt.Errorf("range %.60q: %s: %s", s, why, t.quoted())
		}
		numbers[i] = n
	}
	source, err := Steps(numbers[0], numbers[1], numbers[2])
	if err != nil {
		return nil, fmt.Errorf("range %.60q: %w", s, err)
	}
	return source, nil
}

func (s *steps) read(dst []nat.Nat, _ *sink) (n int, err error) {
	if _, ok := s.last.Word(); ok {
		n = s.readWords(dst)
	} else {
		n = s.readBig(dst)
	}
	if s.done {
		return n, io.EOF
	}
	return n, nil
}

// readWords is read for last < 2^64.
func (s *steps) readWords(dst []nat.Nat) (n int) {
	next, _ := s.next.Word()
	last, _ := s.last.Word()
	step, ok := s.step.Word() // !ok: step > last, so next is the only number
	for n < len(dst) && !s.done {
		dst[n] = nat.New(next)
		n++
		s.done = !ok || last-next < step
		next += step
	}
	s.next = nat.New(next)
	return n
}

// readBig is read for numbers of any size.
func (s *steps) readBig(dst []nat.Nat) (n int) {
	for n < len(dst) && !s.done {
		dst[n] = s.next
		n++
		s.next = nat.FromBig(new(big.Int).Add(s.next.Big(), s.step.Big()))
		s.done = s.next.Cmp(s.last) > 0
	}
	return n
}
