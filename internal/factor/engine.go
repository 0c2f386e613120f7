package factor

import (
	"context"
	"math/big"
	"math/bits"
	"time"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/prime"
	"factorfleet/internal/factor/rho"
	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/measured"
	"factorfleet/internal/nat"
)

// trialCount is the number of odd primes, 3 to 1021, that a word is divided by
// before it is tested. BenchmarkFactor/random40 to 63 is flat from 110 to 308.
const trialCount = 171

// rhoBits is the size up to which rho is quicker than a curve: BenchmarkFactor/semiprime24 to 32.
const rhoBits = 26

// An Engine factors numbers one after the other. Below 2^64 it allocates nothing
// beyond the factors it appends. It keeps its memory: some megabytes for numbers done together,
// and up to 65 of the sieve. While it sieves a number of 75 digits it takes 115 megabytes at most, of
// 95 digits 680. It is not for concurrent use.
type Engine struct {
	o        Options
	pulse    pulse
	alive    func() error    // pulse.alive, bound once: a bound method is an allocation
	inBudget func() error    // pulse.inBudget
	times    *measured.Times // of the level
	trial    []prime.Divisor
	least    int    // Batch does numbers from so many bits on together
	lanes    int    // up to so many
	batch    *batch // nil until it is needed
	curves   ecm.Batch
	many     *ecm.Many      // nil until it is needed
	siqs     *siqs.Searcher // nil until it is needed
	factors  []Factor       // of the number that Batch has done last
	report   reporter
	helped   time.Duration // by other cores, since TakeHelped
}

// New returns an engine.
func New(o Options) *Engine {
	e := &Engine{o: o, times: measured.Active(), trial: prime.Divisors()[:trialCount], lanes: ecm.BatchBits()}
	if kernels.Active() == kernels.Plain {
		e.least = plainLeast
	}
	e.pulse.tick = o.Tick
	e.report.to = o.Progress
	e.alive, e.inBudget = e.pulse.alive, e.pulse.inBudget
	return e
}

// SetBudget changes Options.Budget for the numbers that follow.
func (e *Engine) SetBudget(d time.Duration) { e.o.Budget = d }

// TakeHelped returns the time that borrowed cores have spent on numbers since the last call.
func (e *Engine) TakeHelped() time.Duration {
	t := e.helped
	e.helped = 0
	return t
}

// Append appends the factors of n to dst and returns them with the method. If it returns an error,
// which is the cause of the end of ctx, dst is as it was.
//
// n is the product of all P^Exp. The factors ascend in P, each P is there once, and no P is 1. There
// are none for n = 0 and for n = 1. Factors with Status Composite are unfinished.
//
// The method is what split n last, of several methods the hardest, with its parameters: "trial",
// "power", "algebraic(10^120+1)" for a number, or one that it divides, that is such a power but for
// 1, "fermat", "lehman(k=...)" for two factors p and q with p/q close to a/b and ab = k, "rho",
// "p-1(B1=...,B2=...)", "p+1(B1=...,B2=...,x0=2/7)", "siqs", "ecm(B1=...,B2=...,sigma=...)", for
// words and numbers done together without sigma, which the seed gives. It is "prime" if n is prime
// and "" for 0 and 1. If something is left unfinished it ends in the effort spent on that, as in
// "trial; unfinished after ecm(B1=2000,B2=200000,curves=25)".
func (e *Engine) Append(ctx context.Context, dst []Factor, n nat.Nat) (factors []Factor, method string, err error) {
	e.pulse.ctx = ctx
	if err := e.alive(); err != nil {
		return dst, "", err
	}
	start := len(dst)
	if w, ok := n.Word(); ok {
		dst, method, err = e.word(dst, w)
	} else {
		e.pulse.start(e.o.Budget)
		dst, method, err = e.big(dst, n.Big())
	}
	if err != nil {
		return dst[:start], "", err
	}
	return dst, method, nil
}

// curvesFor returns the curves for n; there is one number at a time.
func (e *Engine) curvesFor(n *big.Int, check func() error) *ecm.Many {
	if e.many == nil {
		e.many = new(ecm.Many)
	}
	e.many.Reset(n, check)
	return e.many
}

// word appends the factors of n.
func (e *Engine) word(dst []Factor, n uint64) ([]Factor, string, error) {
	if n < 2 {
		return dst, "", nil
	}
	start := len(dst)
	dst, m := e.trialWord(dst, n)
	if m == 1 {
		return dst, trialMethod(dst[start:]), nil
	}
	if e.roughPrime(m) {
		dst = addPrime(dst, start, m, 1)
		return dst, trialMethod(dst[start:]), nil
	}
	return e.splitWord(dst, start, m, 1)
}

// trialMethod names the method for factors found by trial division alone.
func trialMethod(fs []Factor) string {
	if len(fs) == 1 && fs[0].Exp == 1 {
		return "prime"
	}
	return "trial"
}

// trialWord appends the prime factors of n >= 1 that trial division finds and
// returns what is left: 1, a prime, or a number without a factor up to the last
// prime tried.
func (e *Engine) trialWord(dst []Factor, n uint64) ([]Factor, uint64) {
	if twos := bits.TrailingZeros64(n); twos > 0 {
		n >>= twos
		dst = append(dst, Factor{nat.New(2), uint32(twos), Prime})
	}
	for i := nextDivisor(e.trial, 0, n); i < len(e.trial); i = nextDivisor(e.trial, i+1, n) {
		d, exp := &e.trial[i], uint32(0)
		n, exp = removeAll(n, d)
		dst = append(dst, Factor{nat.New(d.P), exp, Prime})
	}
	return dst, n
}

// roughPrime reports whether m > 1 is prime, m being what trialWord left.
func (e *Engine) roughPrime(m uint64) bool {
	last := e.trial[len(e.trial)-1].P
	return m < last*last || prime.IsPrimeRough(m)
}

// splitWord appends the prime factors of m^exp to those of dst[start:], m being
// composite and without the factors of trial division.
func (e *Engine) splitWord(dst []Factor, start int, m uint64, exp uint32) ([]Factor, string, error) {
	d, method, err := e.divisor(m)
	if err != nil {
		return dst, "", err
	}
	for _, part := range [...]uint64{d, m / d} {
		if e.roughPrime(part) {
			dst = addPrime(dst, start, part, exp)
			continue
		}
		if dst, _, err = e.splitWord(dst, start, part, exp); err != nil {
			return dst, "", err
		}
	}
	return dst, method, nil
}

// divisor returns a proper divisor of the composite m, and how it was found.
func (e *Engine) divisor(m uint64) (uint64, string, error) {
	if r := prime.Sqrt(m); r*r == m {
		return r, "power", nil
	}
	if bits.Len64(m) > rhoBits {
		if d, method, err := e.curves.SplitWord(m, e.o.Seed, e.alive); err != nil || d != 0 {
			return d, method, err
		}
	}
	d, err := rho.Split(m, e.o.Seed, e.alive)
	return d, "rho", err
}

// addPrime puts p^exp into the ascending factors dst[start:].
func addPrime(dst []Factor, start int, p uint64, exp uint32) []Factor {
	return addFactor(dst, start, Factor{nat.New(p), exp, Prime})
}

// addFactor puts f into the ascending factors dst[start:].
func addFactor(dst []Factor, start int, f Factor) []Factor {
	i := len(dst)
	for i > start && dst[i-1].P.Cmp(f.P) > 0 {
		i--
	}
	if i > start && dst[i-1].P.Cmp(f.P) == 0 {
		dst[i-1].Exp += f.Exp
		return dst
	}
	dst = append(dst, f)
	copy(dst[i+1:], dst[i:])
	dst[i] = f
	return dst
}
