package plan

import (
	"cmp"
	"math"
	"sync"
	"time"
)

const (
	// rateMemory is T, the time constant of the rate. With less the ETA jumps with every chunk
	// of hard numbers; with more it follows slowly when workers start or stop.
	rateMemory = 10 * time.Second
	// rateStep is the shortest interval of the integrals. Shorter ones are merged: thousands of
	// results may arrive in a second.
	rateStep = 250 * time.Millisecond
	// rateTrust is how long the rate must be observed before it is shown.
	rateTrust = time.Second
)

// A JobProgress counts the numbers of a job that were submitted and that are done, and
// predicts from the speed of the last seconds when the rest will be done:
//
//	ETA = (work submitted - work done) / rate
//
// Work is predicted time on one core (Cost), so the ETA accounts for hard numbers. The
// rate is the exponentially weighted mean of the speed v(t), numbers or work a second,
// with T = 10 s:
//
//	rate(now) = recent / weight
//	recent    = integral of v(t) * e^(-(now-t)/T) dt since the first answer
//	weight    = integral of        e^(-(now-t)/T) dt = T * (1 - e^(-age/T)) <= T
//
// The integrals start with the first answer, so the wait for the first worker does not
// lower the rate.
//
// A JobProgress is safe for concurrent use. The times that it is given must not decrease.
type JobProgress struct {
	mu        sync.Mutex // guards all below
	submitted amount
	done      amount
	sealed    bool
	noun      string // see Snapshot.Noun
	waits     string

	started bool      // there was an answer
	last    time.Time // the end of the time that recent and weight cover
	fresh   amount    // done since last
	recent  amount
	weight  float64 // seconds, 0 to rateMemory
	gap     float64 // moving average of the intervals that were folded, in seconds
}

// An amount is a count of numbers and their predicted work in seconds.
type amount struct{ numbers, work float64 }

func (a *amount) add(numbers uint64, work time.Duration) {
	a.numbers += float64(numbers)
	a.work += work.Seconds()
}

// Submitted adds numbers, and their predicted work, to the job.
func (p *JobProgress) Submitted(numbers uint64, work time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.submitted.add(numbers, work)
}

// SetNoun sets what the numbers of the job are for its user: "number", which is the default, or "item".
func (p *JobProgress) SetNoun(noun string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noun = noun
}

// Seal says that no number will be submitted any more.
func (p *JobProgress) Seal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sealed = true
}

// Waits says, for the status line, why no number of the job is computed: "paused"; "" = they are.
func (p *JobProgress) Waits(why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waits = why
}

// Found adds numbers that were done before this process started to measure, such as the
// results of an earlier run. They count as done, but not towards the rate.
func (p *JobProgress) Found(numbers uint64, work time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done.add(numbers, work)
}

// Done adds numbers that were done at the time now. They count towards the rate.
func (p *JobProgress) Done(now time.Time, numbers uint64, work time.Duration) {
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

// fold adds fresh, done at a constant speed during the last dt > 0 seconds, to the integrals.
func (p *JobProgress) fold(dt float64) {
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

// decay returns e^(-dt/T), by which an integral shrinks in dt seconds, and the weight of
// these seconds, T * (1 - e^(-dt/T)).
func decay(dt float64) (keep, weight float64) {
	memory := rateMemory.Seconds()
	keep = math.Exp(-dt / memory)
	return keep, memory * (1 - keep)
}

// A Snapshot is how a JobProgress stands at one moment.
type Snapshot struct {
	Done   uint64        // numbers; more than Total if a lost answer was computed again
	Total  uint64        // numbers; until Sealed those submitted so far
	Sealed bool          // no number will be submitted any more
	Share  float64       // work done / work submitted, 0 to 1; 0 until Sealed
	Rate   float64       // numbers a second, see JobProgress; 0 if unknown
	ETA    time.Duration // time from now until all is done; valid if Known
	Known  bool          // the job is sealed, and complete or its rate is known
	Noun   string        // what the numbers are for the user: "number" or "item"
	Waits  string        // why no number is computed; "" = they are
}

// Snapshot returns the progress at the time now.
func (p *JobProgress) Snapshot(now time.Time) Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Snapshot{Done: uint64(p.done.numbers), Total: uint64(p.submitted.numbers), Sealed: p.sealed, Noun: cmp.Or(p.noun, "number"), Waits: p.waits}
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

// rateLocked returns the rates a second, 0 if unknown. Time without an answer lowers them
// only from 2*gap + 1 s on, since answers to hard numbers are far apart.
func (p *JobProgress) rateLocked(now time.Time) amount {
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

// decayed returns the weight after an observation of the given length.
func decayed(d time.Duration) float64 {
	_, weight := decay(d.Seconds())
	return weight
}

// seconds returns x seconds as a duration: 0 for x < 0, at most 2^63-1 ns (292 years).
func seconds(x float64) time.Duration {
	if !(x < math.MaxInt64/float64(time.Second)) { // true for +Inf and NaN, too
		return math.MaxInt64
	}
	return time.Duration(max(0, x) * float64(time.Second))
}
