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

// steps is the source of next, next+step, ... up to last.
type steps struct {
	next, last, step nat.Nat // next <= last unless done; step > 0
	done             bool
}

var (
	errZeroStep   = errors.New("the step of a range is 0")
	errDecreasing = errors.New("a range ends before it begins")
	errLongRange  = errors.New("a range ends in a number " + whyTooLong)
)

// Steps returns a, a+step, a+2*step, ... as far as they are not beyond b. It is an
// error if a > b or step is 0.
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

// ParseRange returns the Steps of "A:B" or "A:B:STEP", without STEP 1.
func ParseRange(s string) (Source, error) {
	parts := strings.Split(s, ":")
	if len(parts) != 2 && len(parts) != 3 {
		return nil, fmt.Errorf("%.60q is not a range A:B or A:B:STEP", s)
	}
	numbers := [3]nat.Nat{2: nat.New(1)}
	for i, part := range parts {
		n, bad := parse(part)
		if bad != nil {
			return nil, fmt.Errorf("range %.60q: %s is %s", s, bad.Text, bad.Why)
		}
		numbers[i] = n
	}
	source, err := Steps(numbers[0], numbers[1], numbers[2])
	if err != nil {
		return nil, fmt.Errorf("range %.60q: %w", s, err)
	}
	return source, nil
}

func (s *steps) read(dst []nat.Nat, _ func(task.BadToken)) (n int, err error) {
	if _, ok := s.last.Word(); ok {
		n = s.words(dst)
	} else {
		n = s.bigs(dst)
	}
	if s.done {
		return n, io.EOF
	}
	return n, nil
}

// words is read for last < 2^64.
func (s *steps) words(dst []nat.Nat) (n int) {
	next, _ := s.next.Word()
	last, _ := s.last.Word()
	step, ok := s.step.Word()
	for n < len(dst) && !s.done {
		dst[n] = nat.New(next)
		n++
		s.done = !ok || last-next < step
		next += step
	}
	s.next = nat.New(next)
	return n
}

// bigs is read for numbers of any size.
func (s *steps) bigs(dst []nat.Nat) (n int) {
	for n < len(dst) && !s.done {
		dst[n] = s.next
		n++
		s.next = nat.FromBig(new(big.Int).Add(s.next.Big(), s.step.Big()))
		s.done = s.next.Cmp(s.last) > 0
	}
	return n
}
