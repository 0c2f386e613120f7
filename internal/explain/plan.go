package explain

import (
	"math/big"
	"time"

	"factorfleet/internal/campaign"
	"factorfleet/internal/factor"
	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/prime"
	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/measured"
	"factorfleet/internal/nat"
)

// Options are the settings of a job that the plan of its numbers depends on.
type Options struct {
	Budget time.Duration // that the job names; 0 = the default, by size
	Work   float64       // ECM effort spent before, in digits; 0 = none
	Mode   campaign.Mode
}

// A Plan is what the workers will do with a hard number. All times are of one core of this machine: a worker may be
// slower or faster.
type Plan struct {
	Position uint64        `json:"position"`           // of the number in the input, from 0
	Digits   int           `json:"digits"`             // of the composite that is left after trial division
	Bits     int           `json:"bits"`               // the same
	Divided  int           `json:"divided"`            // primes below 2^16 that were divided out, with multiplicity
	Kernels  string        `json:"kernels"`            // level of kernels of this machine, for which the times are
	Budget   time.Duration `json:"budget_ns"`          // CPU time that the number may take
	Work     float64       `json:"work,omitempty"`     // ECM effort spent before, in digits
	Levels   []Level       `json:"levels"`             // of curves, in order
	SpentAt  bool          `json:"spent,omitempty"`    // the budget is spent during the curves
	Sieve    *Sieve        `json:"sieve,omitempty"`    // nil = it does not start
	Needs    time.Duration `json:"needs_ns,omitempty"` // without Sieve: its predicted time, if the budget is too small; 0 = the composite is too large
	Shared   string        `json:"shared,omitempty"`   // what free workers of the fleet help with: "sieve", "curves"; "" = nothing
}

// A Level is a level of p-1, p+1 and elliptic curves.
type Level struct {
	Digits int           `json:"digits"` // of the factors that it finds
	PM1    uint64        `json:"pm1,omitempty"`
	PP1    uint64        `json:"pp1,omitempty"` // their B1; 0 = not run
	B1     uint64        `json:"b1"`
	B2     uint64        `json:"b2"`
	Curves int           `json:"curves"`
	Time   time.Duration `json:"time_ns"`
}

// A Sieve is the quadratic sieve at the end of a plan.
type Sieve struct {
	Time      time.Duration `json:"time_ns"`
	Relations int           `json:"relations"` // an estimate
	Memory    uint64        `json:"memory"`    // bytes, at most, on one core
}

// hardBits is the size from which on a composite is hard, 64 digits: it takes about a second.
const hardBits = 212

// PlanOf returns the plan for a number, at a position of the input. ok is false if the number is not hard: it is small
// or a prime, or trial division leaves such a number. It takes up to 0.1 s for a number of some hundred digits, and
// seconds for thousands of digits.
func PlanOf(position uint64, n nat.Nat, o Options) (p Plan, ok bool) {
	if n.BitLen() < hardBits {
		return p, false
	}
	rest := n.Big()
	twos := rest.TrailingZeroBits()
	p.Divided = int(twos)
	rest = prime.Divide(rest.Rsh(rest, twos), func(_ uint64, exp uint32) { p.Divided += int(exp) })
	if rest.BitLen() < hardBits || rest.ProbablyPrime(0) {
		return p, false
	}
	p.Position, p.Digits, p.Bits, p.Kernels = position, len(rest.Text(10)), rest.BitLen(), kernels.Active().String()
	p.Work, p.Budget = o.Work, o.Budget
	if p.Budget == 0 {
		p.Budget = factor.DefaultBudget(n.BitLen())
	}
	p.setCourse(rest)
	p.setShared(o.Mode)
	return p, true
}

// setCourse sets what the engine does.
func (p *Plan) setCourse(n *big.Int) {
	c := factor.CourseOf(n, p.Budget, p.Work)
	p.SpentAt = c.SpentAt
	for _, l := range c.Levels {
		p.Levels = append(p.Levels, Level{Digits: l.Digits, PM1: l.PM1, PP1: l.PP1, B1: l.B1, B2: l.B2, Curves: l.Curves, Time: l.Time})
	}
	if p.Bits > measured.SieveBits {
		return
	}
	if c.Sieve == 0 {
		p.Needs = measured.Active().Sieve(p.Bits)
		return
	}
	p.Sieve = &Sieve{Time: c.Sieve}
	if params, err := siqs.NewParams(func() error { return nil }, n); err == nil {
		sieve, set, solve := params.Memory()
		p.Sieve.Relations, p.Sieve.Memory = params.ExpectedRelations(), sieve+set+solve
	}
}

// setShared sets what free workers help with, if it saves time.
func (p *Plan) setShared(m campaign.Mode) {
	least := campaign.MinDigits
	if m == campaign.Always {
		least = campaign.LeastDigits
	}
	switch {
	case m == campaign.Never || p.Digits < least:
	case p.Digits <= campaign.MaxDigits:
		p.Shared = "sieve"
	default:
		p.Shared = "curves"
	}
}
