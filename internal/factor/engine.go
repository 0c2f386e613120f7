package factor

import (
	"context"
	"math/big"
	"time"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/prime"
	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/measured"
	"factorfleet/internal/nat"
)

// An Engine factors numbers one after the other. Below 2^64 it allocates nothing
// beyond the factors it appends. It keeps its memory: some megabytes for numbers done together,
// and up to 65 of the sieve. While it sieves a number of 75 digits it takes 115 megabytes at most, of
// 95 digits 680. It is not for concurrent use.
type Engine struct {
	o            Options
	stop         stopCheck
	checkContext func() error    // pulse.alive, bound once: a bound method is an allocation
	checkBudget  func() error    // pulse.inBudget
	times        *measured.Times // of the level
	trial        []prime.Divisor
	minTogether  int    // Batch does numbers from so many bits on together
	maxTogether  int    // up to so many
	batch        *batch // nil until it is needed
	batchCurves  ecm.Batch
	curves       *ecm.Many      // nil until it is needed
	siqs         *siqs.Searcher // nil until it is needed
	factors      []Factor       // of the number that Batch has done last
	report       reporter
	borrowedTime time.Duration // by other cores, since TakeHelped
}

// New returns an engine.
func New(o Options) *Engine {
	e := &Engine{o: o, times: measured.Active(), trial: prime.Divisors()[:trialCount], maxTogether: ecm.BatchBits()}
	if kernels.Active() == kernels.Plain {
		e.minTogether = plainLeast
	}
	e.stop.tick = o.Tick
	e.report.to = o.Progress
	e.checkContext, e.checkBudget = e.stop.checkContext, e.stop.checkBudget
	return e
}

// SetBudget changes Options.Budget for the numbers that follow.
func (e *Engine) SetBudget(d time.Duration) { e.o.Budget = d }

// TakeHelped returns the time that borrowed cores have spent on numbers since the last call.
func (e *Engine) TakeHelped() time.Duration {
	t := e.borrowedTime
	e.borrowedTime = 0
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
	e.stop.ctx = ctx
	if err := e.checkContext(); err != nil {
		return dst, "", err
	}
	start := len(dst)
	if w, ok := n.Word(); ok {
		dst, method, err = e.word(dst, w)
	} else {
		e.stop.start(e.o.Budget)
		dst, method, err = e.big(dst, n.Big())
	}
	if err != nil {
		return dst[:start], "", err
	}
	return dst, method, nil
}

// curvesFor returns the curves for n; there is one number at a time.
func (e *Engine) curvesFor(n *big.Int, check func() error) *ecm.Many {
	if e.curves == nil {
		e.curves = new(ecm.Many)
	}
	e.curves.Reset(n, check)
	return e.curves
}
