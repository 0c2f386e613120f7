package plan

import (
	"math"
	"sync"
	"time"
)

const (
	rateMemory = 10 * time.Second       // a rate forgets with this time constant
	rateStep   = 250 * time.Millisecond // shorter intervals are put together
	rateTrust  = time.Second            // no rate before it has been observed for so long
)

// A Progress counts what was submitted and what is done, and tells from the speed of
// the last seconds when the rest will be. It is safe for concurrent use. Time comes in
// as an argument and must not run backwards.
type Progress struct {
	mu        sync.Mutex // guards all below
	submitted amount
	done      amount
	sealed    bool

	// The rate is the weighted mean of the work done over the time it took, where the
	// weight of a moment falls by 1/e every rateMemory: recent.x / weight, a second.
	// The clock starts with the first answer, so that waiting for workers to come does
	// not count as slowness.
	started bool
	last    time.Time // until when recent and weight are up to date
	fresh   amount    // done since last
	recent  amount
	weight  float64 // seconds, at most rateMemory
	gap     float64 // usual seconds between two answers
}

// An amount is some numbers and their predicted work in seconds.
type amount struct{ numbers, work float64 }

func (a *amount) add(numbers uint64, work time.Duration) {
	a.numbers += float64(numbers)
	a.work += work.Seconds()
}

// Submitted adds numbers to what is to be done.
func (p *Progress) Submitted(numbers uint64, work time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.submitted.add(numbers, work)
}

// Seal says that nothing will be submitted any more.
func (p *Progress) Seal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sealed = true
}

// Found adds numbers that turned out to be done already, such as the results of an
// earlier run: they count, but say nothing about the speed.
func (p *Progress) Found(numbers uint64, work time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done.add(numbers, work)
}

// Done adds numbers that were finished just now.
func (p *Progress) Done(now time.Time, numbers uint64, work time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done.add(numbers, work)
	if !p.started {
		p.started, p.last = true, now
		return
	}
	p.fresh.add(numbers, work)
	if dt := now.Sub(p.last); dt >= rateStep {
		p.fold(dt.Seconds())
		p.last = now
	}
}

// fold moves fresh, done during the last dt seconds, into the means.
func (p *Progress) fold(dt float64) {
	keep, weight := decay(dt)
	p.recent.numbers = p.recent.numbers*keep + p.fresh.numbers/dt*weight
	p.recent.work = p.recent.work*keep + p.fresh.work/dt*weight
	p.weight = p.weight*keep + weight
	p.fresh = amount{}
	if p.gap == 0 {
		p.gap = dt
	}
	p.gap += (dt - p.gap) / 4
}

// decay returns what is left of old weight after dt seconds, and the new weight.
func decay(dt float64) (keep, weight float64) {
	memory := rateMemory.Seconds()
	keep = math.Exp(-dt / memory)
	return keep, memory * (1 - keep)
}

// A Snapshot is a Progress at one moment.
type Snapshot struct {
	Done   uint64        // numbers
	Total  uint64        // numbers; until Sealed those submitted so far
	Sealed bool          // no number will be added
	Share  float64       // of the predicted work, from 0 to 1; 0 until Sealed
	Rate   float64       // numbers a second lately; 0 if unknown
	ETA    time.Duration // when all is done, from now; meaningless unless Known
	Known  bool          // ETA is known: sealed, and the speed has been observed
}

// Snapshot returns how things stand.
func (p *Progress) Snapshot(now time.Time) Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Snapshot{Done: uint64(p.done.numbers), Total: uint64(p.submitted.numbers), Sealed: p.sealed}
	rate := p.rateLocked(now)
	s.Rate = rate.numbers
	if !p.sealed {
		return s
	}
	left := p.submitted.work - p.done.work
	switch {
	case p.done.numbers >= p.submitted.numbers:
		s.Share, s.Known = 1, true
	case p.submitted.work > 0:
		s.Share = min(1, p.done.work/p.submitted.work)
		s.Known = rate.work > 0
		s.ETA = seconds(left / rate.work)
	}
	return s
}

// rateLocked returns what is done in a second. A silence counts against it only when it
// is longer than the usual time between two answers: hard numbers come rarely.
func (p *Progress) rateLocked(now time.Time) amount {
	recent, weight := p.recent, p.weight
	if p.started {
		silence := now.Sub(p.last).Seconds()
		if extra := silence - 2*p.gap - rateTrust.Seconds(); extra > 0 {
			keep, more := decay(extra)
			recent.numbers, recent.work = recent.numbers*keep, recent.work*keep
			weight = weight*keep + more
		}
	}
	if weight < decayed(rateTrust) {
		return amount{}
	}
	return amount{numbers: recent.numbers / weight, work: recent.work / weight}
}

// decayed returns the weight of an observation of the given length.
func decayed(d time.Duration) float64 {
	_, weight := decay(d.Seconds())
	return weight
}

// seconds returns x >= 0 seconds as a duration, at most some 292 years.
func seconds(x float64) time.Duration {
	if !(x < math.MaxInt64/float64(time.Second)) { // also for +Inf and NaN
		return math.MaxInt64
	}
	return time.Duration(max(0, x) * float64(time.Second))
}
