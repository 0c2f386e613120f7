package factor

import (
	"math/big"
	"time"

	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/measured"
)

// An EngineProgress says which method runs on a number above 2^64, and how far it is.
type EngineProgress struct {
	// Composite is the part of the number that is being split. It must not be changed.
	Composite *big.Int

	Digits int    // decimal digits of the part of the number that is being split
	Method string // "p-1", "p+1", "ecm", "siqs" or "linear algebra"
	B1     uint64 // bound B1 of p-1, p+1 and ecm; 0 for other methods
	// Done of Total curves of this B1, or relations of siqs, whose Total is an
	// estimate. Both are 0 for other methods.
	Done, Total uint64
	Cores       int // that compute it, 1 or more
	// Left is the predicted time until this part is split, 0 if unknown. Before the sieve it
	// is the time of the sieve, an upper bound.
	Left time.Duration
	// Spent is the CPU time of the number so far.
	Spent time.Duration
	// Budget is the CPU time that is left of the budget of a part for which the budget does
	// not allow the sieve, because it takes longer or the part is too large; else 0, also
	// without a budget.
	Budget time.Duration
}

// Values of EngineProgress.Method.
const (
	methodPM1   = "p-1"
	methodPP1   = "p+1"
	methodECM   = "ecm"
	methodSIQS  = "siqs"
	methodSolve = "linear algebra"
)

// reportEvery is the least time between two calls of Options.Progress.
const reportEvery = 100 * time.Millisecond

// A reporter calls Options.Progress from the goroutine of Append, which owns it.
type reporter struct {
	to   func(EngineProgress) // may be nil
	last time.Time
	pace pace // of the sieve
}

// due reports whether it is time for a report. If so, it counts the report as made.
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

// curves reports that the piece n is at step st. Left is the predicted time of the
// sieve on these cores: an upper bound, since curves may split n before.
func (r *reporter) curves(e *Engine, n *big.Int, st *step, cores int) {
	bits := n.BitLen()
	p := EngineProgress{Composite: n, Digits: digitsOf(n), Method: methodECM, B1: st.level.b1, Cores: cores,
		Done: uint64(st.before.curve), Total: uint64(st.before.planned(st.level))}
	switch {
	case st.pm1:
		p.Method, p.B1, p.Done, p.Total = methodPM1, st.level.pm1B1, 0, 0
	case st.pp1:
		p.Method, p.B1, p.Done, p.Total = methodPP1, st.level.pp1B1, 0, 0
	}
	sieved := bits <= measured.SieveBits && !st.before.sieveFailed
	if sieved {
		p.Left = e.times.Sieve(bits) / time.Duration(cores)
	}
	p.Spent, _ = e.Spent()
	if e.o.Budget > 0 && !(sieved && e.budgetAllowsSieve(bits)) {
		p.Budget = max(e.o.Budget-p.Spent, 1)
	}
	r.to(p)
}

// digitsOf returns the count of decimal digits of n. It takes microseconds for the largest numbers.
func digitsOf(n *big.Int) int { return len(n.Text(10)) }

// sieve reports how far the sieve is with the piece n of so many digits.
func (r *reporter) sieve(e *Engine, n *big.Int, digits int, at siqs.SearchProgress) {
	if !at.Solving && time.Since(r.last) < reportEvery {
		return
	}
	p := EngineProgress{Composite: n, Digits: digits, Method: methodSIQS, Done: uint64(at.Relations),
		Total: uint64(at.Expected), Cores: at.Cores}
	if at.Solving {
		p.Method, p.Done, p.Total = methodSolve, 0, 0
	} else {
		p.Left = r.pace.left(time.Now(), p.Done, p.Total)
		p.Total = max(p.Total, p.Done+1) // more are needed than were expected
	}
	p.Spent, _ = e.Spent()
	r.last = time.Now()
	r.to(p)
}

// A pace predicts when the count of relations reaches its goal, from the growth since a
// past reading. That reading is one to two memories old, memory being an eighth of the
// time so far. So the prediction neither jumps nor relies on cores that have left.
type pace struct {
	began time.Time
	time  [2]time.Time // of two readings, the first a memory ago or more, or the beginning
	count [2]uint64    // of relations, at these times
}

// Bounds of the memory of a pace.
const (
	shortMemory = 5 * time.Second
	longMemory  = time.Minute
)

// left returns the predicted time until count reaches total: elapsed * (total-count) /
// growth, both since the older reading. It returns 0 if the time is unknown, or if
// count has reached total.
func (p *pace) left(now time.Time, count, total uint64) time.Duration {
	if p.time[0].IsZero() || count < p.count[1] { // the first reading of a number
		*p = pace{now, [2]time.Time{now, now}, [2]uint64{count, count}}
	}
	// The older reading moves up once the newer one is a memory old.
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
