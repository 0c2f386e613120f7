package task

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"factorfleet/internal/nat"
)

// A Certificate is a proof that a number is prime. It can be checked without factoring.
// This package defines its form; package verify checks it and states the theorems.
//
// The first step proves that number, and each other step proves a prime that an earlier
// step uses. The steps descend in N: q divides N-1 or N+1, and both are even, so q < N.
// Hence no step can depend on itself.
type Certificate struct {
	Steps []Step
}

// A Step proves N prime from primes of N-1 (Minus), of N+1 (Plus), or of both.
type Step struct {
	N           nat.Nat
	Minus, Plus []Witness // ascending in Q
}

// A Witness is a prime Q of N-1 or N+1, and the number A that shows that the power of Q
// divides the order of a group. Either Q < 2^64, or a later step proves it.
type Witness struct {
	Q nat.Nat
	A uint32 // >= 1
}

// Limits of a certificate. They bound the time to check a hostile one:
//
//	sum over the steps of (|Minus| + lucasWeight*|Plus|) * bits(N)^3 <= maxPowers * MaxBits^3
//
// This is the time of maxPowers powers modulo a number of MaxBits bits, or of four
// Baillie-PSW tests of such a number (BenchmarkHostileCertificate in package verify).
const (
	MaxCertificate = 64 << 10 // bytes of the text
	maxSteps       = 256
	maxWitnesses   = 1024 // in all steps together
	maxPowers      = 4
	lucasWeight    = 2 // time of a power in the ring that Plus needs, in powers modulo N
)

var (
	errCertificate = errors.New("malformed certificate")
	errLarge       = errors.New("certificate exceeds the limits")
)

// Text returns the canonical text of c, which is sent and printed:
//
//	N -Q:A -Q:A +Q:A; N ...
//
// Steps are separated by "; ". "-" precedes a prime of N-1, "+" a prime of N+1; all
// primes of N-1 come first. All numbers are decimal. Text returns an error if c exceeds
// the limits. The caller ensures that primes ascend and steps descend.
func (c *Certificate) Text() (string, error) {
	if err := c.limits(); err != nil {
		return "", err
	}
	var b []byte
	for i := range c.Steps {
		if i > 0 {
			b = append(b, "; "...)
		}
		b = c.Steps[i].append(b)
	}
	if len(b) > MaxCertificate {
		return "", errLarge
	}
	return string(b), nil
}

// append appends the text of one step, "N -Q:A +Q:A".
func (s *Step) append(b []byte) []byte {
	b = s.N.AppendDecimal(b)
	b = appendWitnesses(b, " -", s.Minus)
	return appendWitnesses(b, " +", s.Plus)
}

// appendWitnesses appends each witness as "Q:A" behind mark.
func appendWitnesses(b []byte, mark string, list []Witness) []byte {
	for i := range list {
		b = list[i].Q.AppendDecimal(append(b, mark...))
		b = strconv.AppendUint(append(b, ':'), uint64(list[i].A), 10)
	}
	return b
}

// limits checks the size of c and the time to check it.
func (c *Certificate) limits() error {
	if len(c.Steps) == 0 || len(c.Steps) > maxSteps {
		return errLarge
	}
	count := 0
	var work, most uint64 = 0, maxPowers * MaxBits * MaxBits * MaxBits // 2^44
	for i := range c.Steps {
		s := &c.Steps[i]
		size := uint64(s.N.BitLen())
		if size > MaxBits {
			return errLarge
		}
		// No overflow: work <= 2^10 witnesses * 2 * 2^42.
		count += len(s.Minus) + len(s.Plus)
		if count > maxWitnesses {
			return errLarge
		}
		work += uint64(len(s.Minus)+lucasWeight*len(s.Plus)) * size * size * size
	}
	if work > most {
		return errLarge
	}
	return nil
}

// ParseCertificate is the inverse of Text. It accepts canonical texts only, so that a certificate has one text, and
// texts can be compared. In the
// certificate that it returns, steps descend, primes ascend, all N and Q are from 2 to
// 2^MaxBits-1, all A are >= 1, and the limits hold. It does not check the proof.
func ParseCertificate(text string) (*Certificate, error) {
	if len(text) > MaxCertificate {
		return nil, errLarge
	}
	c := new(Certificate)
	for part := range strings.SplitSeq(text, "; ") {
		if len(c.Steps) == maxSteps {
			return nil, errLarge
		}
		s, err := parseStep(part)
		if err != nil {
			return nil, err
		}
		if i := len(c.Steps); i > 0 && c.Steps[i-1].N.Cmp(s.N) <= 0 {
			return nil, fmt.Errorf("%w: the steps do not descend", errCertificate)
		}
		c.Steps = append(c.Steps, s)
	}
	if err := c.limits(); err != nil {
		return nil, err
	}
	return c, nil
}

// parseStep reads "N -Q:A +Q:A".
func parseStep(text string) (s Step, err error) {
	number, rest, more := strings.Cut(text, " ")
	if s.N, err = parseNatural(number); err != nil {
		return s, err
	}
	for more {
		var item string
		item, rest, more = strings.Cut(rest, " ")
		list := &s.Minus
		switch {
		case strings.HasPrefix(item, "+"):
			list = &s.Plus
		case !strings.HasPrefix(item, "-") || len(s.Plus) > 0:
			return s, errCertificate
		}
		w, err := parseWitness(item[1:])
		if err != nil {
			return s, err
		}
		if i := len(*list); i > 0 && (*list)[i-1].Q.Cmp(w.Q) >= 0 {
			return s, fmt.Errorf("%w: the primes do not ascend", errCertificate)
		}
		*list = append(*list, w)
	}
	return s, nil
}

// parseWitness reads "Q:A".
func parseWitness(text string) (w Witness, err error) {
	q, a, ok := strings.Cut(text, ":")
	if !ok {
		return w, errCertificate
	}
	if w.Q, err = parseNatural(q); err != nil {
		return w, err
	}
	v, err := strconv.ParseUint(a, 10, 32)
	if err != nil || a[0] < '1' || a[0] > '9' {
		return w, errCertificate
	}
	w.A = uint32(v)
	return w, nil
}

// parseNatural reads a decimal number from 2 to 2^MaxBits-1 without leading zeros.
func parseNatural(text string) (n nat.Nat, err error) {
	if len(text) == 0 || len(text) > MaxDigits || text[0] == '0' {
		return n, errCertificate
	}
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return n, errCertificate
		}
	}
	if v, err := strconv.ParseUint(text, 10, 64); err == nil {
		n = nat.New(v)
	} else {
		x, _ := new(big.Int).SetString(text, 10)
		n = nat.FromBig(x)
	}
	if n.BitLen() < 2 || n.BitLen() > MaxBits {
		return n, errCertificate
	}
	return n, nil
}
