package input

import (
	"bytes"
	"io"
	"math/big"
	"slices"
	"strconv"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// maxKnownText bounds the text of a list of known factors, in bytes: more than the factors of a number of task.MaxDigits
// digits take.
const maxKnownText = 3 * task.MaxDigits

// leastKnown is the least factor that is kept: a worker finds smaller ones by trial division, in microseconds.
const leastKnown = 1 << 16

// The reasons of invalid lists of factors, task.BadToken.Why.
const (
	whyFactor    = "after = there must be factors, such as 2^3*5: digits, * and ^ only"
	whyLongList  = "the list of factors is too long"
	whyDivides   = "the factors after = do not divide the number"
	whyUnitFound = "0 and 1 are no factors"
)

// knownFactors reads a list such as 2^3*5*11, the factors that are known of n. It returns those that help a worker, or the
// reason why the list is invalid. They are distinct, at least 2^16 and less than n, at most task.MaxKnown. If their product
// is n, the largest is left out, because division gives it. A number below 2^64 has none: it takes microseconds.
func knownFactors(n nat.Nat, list []byte) (factors []nat.Nat, why string) {
	if len(list) > maxKnownText {
		return nil, whyLongList
	}
	if n.BitLen() < 2 { // 0=0 and 1=1, as format factordb writes them
		if string(list) != n.String() {
			return nil, whyDivides
		}
		return nil, ""
	}
	left, rest := new(big.Int).Set(n.Big()), new(big.Int)
	for part := range bytes.SplitSeq(list, []byte("*")) {
		p, exp, why := knownPower(part)
		if why != "" {
			return nil, why
		}
		for ; exp > 0; exp-- { // at most once for each bit of left
			if q, r := new(big.Int).QuoRem(left, p, rest); r.Sign() == 0 {
				left = q
			} else {
				return nil, whyDivides
			}
		}
		factors = append(factors, nat.FromBig(p))
	}
	if _, word := n.Word(); word {
		return nil, ""
	}
	return useful(factors, left.IsInt64() && left.Int64() == 1), ""
}

// knownPower reads p or p^e.
func knownPower(text []byte) (p *big.Int, exp uint64, why string) {
	base, power, has := bytes.Cut(text, []byte("^"))
	exp = 1
	if has {
		var err error
		if exp, err = strconv.ParseUint(string(power), 10, 16); err != nil || exp == 0 || power[0] == '+' {
			return nil, 0, whyFactor
		}
	}
	if len(base) == 0 || slices.ContainsFunc(base, func(c byte) bool { return c < '0' || c > '9' }) {
		return nil, 0, whyFactor
	}
	if base = bytes.TrimLeft(base, "0"); len(base) > task.MaxDigits {
		return nil, 0, whyDivides
	}
	p, ok := new(big.Int).SetString("0"+string(base), 10)
	if !ok {
		return nil, 0, whyFactor
	}
	if p.BitLen() < 2 {
		return nil, 0, whyUnitFound
	}
	return p, exp, ""
}

// useful returns the factors that a worker does not find at once, ascending; all: their product, with their exponents, is
// the number.
func useful(factors []nat.Nat, all bool) []nat.Nat {
	slices.SortFunc(factors, nat.Nat.Cmp)
	factors = slices.CompactFunc(factors, func(a, b nat.Nat) bool { return a.Cmp(b) == 0 })
	if all {
		factors = factors[:len(factors)-1]
	}
	least := nat.New(leastKnown)
	factors = slices.DeleteFunc(factors, func(f nat.Nat) bool { return f.Cmp(least) < 0 })
	return factors[max(0, len(factors)-task.MaxKnown):]
}

// A Number is a number with factors that are known of it.
type Number struct {
	N     nat.Nat
	Known []nat.Nat // divisors, at most task.MaxKnown; nil = none
}

// NumberOf returns n with those of its factors that help a worker. The product of the factors, with their exponents, is n.
func NumberOf(n nat.Nat, factors []nat.Nat) Number {
	if _, word := n.Word(); word || len(factors) == 0 {
		return Number{N: n}
	}
	return Number{N: n, Known: useful(slices.Clone(factors), true)}
}

// numbers is a Source of a list in memory.
type numbers struct{ rest []Number }

// Numbers returns a Source of a list of numbers.
func Numbers(list []Number) Source { return &numbers{rest: list} }

func (s *numbers) read(dst []nat.Nat, to *sink) (n int, err error) {
	for n < len(dst) && len(s.rest) > 0 {
		dst[n] = s.rest[0].N
		to.took(n, content{known: s.rest[0].Known})
		s.rest, n = s.rest[1:], n+1
	}
	if len(s.rest) == 0 {
		err = io.EOF
	}
	return n, err
}
