package factor

import (
	"math/big"
	"time"

	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/measured"
)

// Progress says what is done with a number above 2^64, and how far that is.
type Progress struct {
	Bits   int    // of the part of the number that is being split
	Method string // one of the Methods
	B1     uint64 // of p-1, p+1 and ecm
	// Done of Total: the curves of this B1, the relations, which are an estimate; 0 of 0 for other
	// methods.
	Done, Total uint64
	Cores       int           // that work on it
	Left        time.Duration // predicted until this part is split; 0 if nobody knows
}

// Methods as Progress names them.
const (
	MethodPM1   = "p-1"
	MethodPP1   = "p+1"
	MethodECM   = "ecm"
	MethodSIQS  = "siqs"
	MethodSolve = "linear algebra"
)

// reportEvery is the time between two calls of Options.Progress.
const reportEvery = 100 * time.Millisecond

// A reporter calls Options.Progress, from the goroutine of Append.
type reporter struct {
	to   func(Progress) // may be nil
	last time.Time
	pace pace // of the sieve
}

// due reports whether it is time for a report, which must follow.
func (r *reporter) due() bool {
	if r.to == nil {
		return false
	}
	now := time.Now()
	if now.Sub(r.last) < reportEvery {
		return false
	}
	r.last = now
	return true
}

// curves reports that n is at the step.
func (r *reporter) curves(e *Engine, n *big.Int, st *step, cores int) {
	p := Progress{Bits: n.BitLen(), Method: MethodECM, B1: st.level.b1, Cores: cores,
		Done: uint64(st.before.curve), Total: uint64(st.level.curves)}
	switch {
	case st.pm1:
		p.Method, p.B1, p.Done, p.Total = MethodPM1, st.level.pm1B1, 0, 0
	case st.pp1:
		p.Method, p.B1, p.Done, p.Total = MethodPP1, st.level.pp1B1, 0, 0
	}
	if p.Bits <= measured.SieveBits && !st.before.sieved && e.affords(n.BitLen()) {
		p.Left = e.sieveTime(p.Bits) / time.Duration(cores)
	}
	r.to(p)
}

// sieve reports how far the sieve is with a number of so many bits.
func (r *reporter) sieve(bits int, at siqs.SearchProgress) {
	if !at.Solving && time.Since(r.last) < reportEvery {
		return
	}
	p := Progress{Bits: bits, Method: MethodSIQS, Done: uint64(at.Relations), Total: uint64(at.Expected), Cores: at.Cores}
	if at.Solving {
		p.Method, p.Done, p.Total = MethodSolve, 0, 0
	} else {
		p.Left = r.pace.left(time.Now(), p.Done, p.Total)
		p.Total = max(p.Total, p.Done+1) // more are needed than expected
	}
	r.last = time.Now()
	r.to(p)
}

// A pace is how fast the count of relations has grown lately: in an eighth to a quarter of the time
// that it has taken so far, so that it neither jumps nor clings to cores that have left.
type pace struct {
	began time.Time
	time  [2]time.Time // of two looks, the first a memory ago or more, or when it began
	count [2]uint64
}

// Bounds of the memory of a pace, how far it looks back at least once it has looked for so long.
const (
	shortMemory = 5 * time.Second
	longMemory  = time.Minute
)

// left returns when count will be total, 0 if nobody knows or it is.
func (p *pace) left(now time.Time, count, total uint64) time.Duration {
	if p.time[0].IsZero() || count < p.count[1] { // another number
		*p = pace{now, [2]time.Time{now, now}, [2]uint64{count, count}}
	}
	memory := min(max(now.Sub(p.began)/8, shortMemory), longMemory)
	if now.Sub(p.time[1]) >= memory {
		p.time[0], p.count[0] = p.time[1], p.count[1]
		p.time[1], p.count[1] = now, count
	}
	grown, took := count-p.count[0], now.Sub(p.time[0])
	if grown == 0 || count >= total || took < reportEvery {
		return 0
	}
	return time.Duration(float64(took) * float64(total-count) / float64(grown))
}
