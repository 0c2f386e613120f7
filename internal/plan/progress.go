package plan

import (
	"cmp"
	"math"
	"sync"
	"time"

	"factorfleet/internal/task"
)

// A JobProgress counts the numbers of a job that were submitted and that are done, and predicts when the rest will be
// done. What it knows:
//
//   - the expected CPU time of a number by its size class, which answers and running numbers correct (believe);
//   - the CPU time that the job gets of each core of its workers, and the rate of light numbers (pace);
//   - the running numbers, as their workers describe them (Running).
//
// From these follow the load and its end, and the share of the job that is done:
//
//	share = 1 - left/(left + spent)
//
// with the expected CPU time of all numbers that are not done, and that of those which are done and of the running ones
// so far. The times are claims of workers; see claims for what a lie can change.
//
// A JobProgress is safe for concurrent use. The times that it is given must not decrease.
type JobProgress struct {
	mu        sync.Mutex // guards all below
	submitted [allClasses]amount
	done      [allClasses]amount
	heard     [allClasses]*claims // of done
	heavySum  float64             // CPU time of heavy answers, in seconds
	sealed    bool
	noun      string // see Snapshot.Noun
	waits     string
	capacity  *Capacity // nil = unknown
	alone     bool      // a number uses one core only: it is a square or an item
	limits    Limits

	runners runners
	lately  []task.Range // the last ranges with answers, at most keptRanges
	reports reports
	pace    pace
	share   share
	looked  seenBefore // see Look
}

// A Capacity says what the workers of a job have.
type Capacity struct {
	Cores int // slots of the workers that take tasks of the job; 0 = there is no worker
	One   int // cores of them that one number can use; values below 1 count as 1
}

// Limits are those of a throttled job.
type Limits struct {
	Rate       float64 // numbers a second at most; 0 = any
	MaxRunning int     // tasks at a time at most; 0 = any
}

// Submitted adds numbers to the job.
func (p *JobProgress) Submitted(t *Tally) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alone = t.expect.alone()
	t.each(func(class int, a amount) { p.submitted[class].add(a) })
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

// Limit sets the limits of a throttled job.
func (p *JobProgress) Limit(l Limits) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limits = l
}

// Found adds answers of a worker that were there before this process started to measure, such as the
// results of an earlier run. They count as done and as evidence of the times, but not towards the rate.
func (p *JobProgress) Found(worker string, t *Tally) {
	p.mu.Lock()
	defer p.mu.Unlock()
	heavy := p.heavySum
	p.answeredLocked(worker, t)
	p.pace.spent += p.heavySum - heavy
}

// Known adds answers that no worker computed, such as those of the cache. They count as done, and say nothing of the times
// of other numbers.
func (p *JobProgress) Known(t *Tally) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.each(func(class int, a amount) { p.done[class].add(a) })
}

// Done adds answers of a worker for positions within r, at the time now. They count towards the rate.
func (p *JobProgress) Done(now time.Time, worker string, r task.Range, t *Tally) {
	p.mu.Lock()
	defer p.mu.Unlock()
	heavy := p.heavySum
	numbers, light := p.answeredLocked(worker, t)
	p.reports.add(now, numbers, p.heavySum-heavy)
	for _, run := range p.runners {
		run.answered(r, now)
	}
	p.lately = append(p.lately, r)
	p.lately = p.lately[max(len(p.lately)-keptRanges, 0):]
	p.paceLocked(now, numbers, light)
}

// keptRanges is how many of the last ranges with answers are known. What a worker says of its numbers may be older than its
// answers.
const keptRanges = 256

// answeredLocked counts answers, and returns how many there are, and how many of them are light.
func (p *JobProgress) answeredLocked(worker string, t *Tally) (numbers, light float64) {
	t.each(func(class int, a amount) {
		p.done[class].add(a)
		if p.heard[class] == nil {
			p.heard[class] = new(claims)
		}
		p.heard[class].add(worker, a)
		numbers += a.numbers
		if a.cpu < a.numbers*lightCost {
			light += a.numbers
		} else {
			p.heavySum += a.cpu
		}
	})
	return numbers, light
}

// paceLocked measures the speed, with numbers that were done at the time now.
func (p *JobProgress) paceLocked(now time.Time, numbers, light float64) {
	if p.pace.begin(now, func() float64 { return p.spentLocked(now) }) {
		return
	}
	p.pace.fresh += numbers
	p.pace.freshLight += light
	if p.pace.due(now) { // spentLocked takes time
		p.pace.fold(now, p.spentLocked(now), p.coresLocked())
	}
}

// efficiencyLocked returns the CPU time that the job gets of each core, a second; 1 while that is unknown.
func (p *JobProgress) efficiencyLocked() float64 {
	if e := p.pace.efficiency(p.coresLocked(), p.capacity != nil); e > 0 {
		return e
	}
	return 1
}

// coresLocked returns the cores of the workers, 1 if they are unknown.
func (p *JobProgress) coresLocked() float64 {
	cores := 1
	if p.capacity != nil {
		cores = p.capacity.Cores
	}
	if p.limits.MaxRunning > 0 {
		cores = min(cores, p.limits.MaxRunning)
	}
	return float64(max(cores, 1))
}

// Running sets the numbers at work and what the workers have, at the time now. An empty list says that no worker states
// such a number.
func (p *JobProgress) Running(now time.Time, list []Running, c Capacity) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.capacity = &c
	if p.runners = p.runners.next(list, p.lately, now); len(p.runners) > 0 {
		p.paceLocked(now, 0, 0)
	}
}

// A Snapshot is how a JobProgress stands at one moment.
type Snapshot struct {
	Done   uint64        // numbers; more than Total if a lost answer was computed again
	Total  uint64        // numbers; until Sealed those submitted so far
	Sealed bool          // no number will be submitted any more
	Share  float64       // of the expected work that is done, 0 to 1; 0 until Sealed. It does not decrease
	Rate   float64       // numbers a second; 0 if unknown
	ETA    time.Duration // time from now until all is done; valid if Known
	Known  bool          // the job is sealed, and complete or its end can be predicted
	Noun   string        // what the numbers are for the user: "number" or "item"
	Waits  string        // why no number is computed; "" = they are
}

// Snapshot returns the progress at the time now.
func (p *JobProgress) Snapshot(now time.Time) Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.snapshotLocked(now)
}

func (p *JobProgress) snapshotLocked(now time.Time) Snapshot {
	s := Snapshot{Sealed: p.sealed, Noun: cmp.Or(p.noun, "number"), Waits: p.waits}
	var done, total float64
	for class := range p.submitted {
		done, total = done+p.done[class].numbers, total+p.submitted[class].numbers
	}
	s.Done, s.Total = uint64(done+0.5), uint64(total+0.5)
	pace := p.pace.silent(now, p.coresLocked())
	s.Rate = pace.rate()
	if !p.sealed {
		return s
	}
	if s.Done >= s.Total {
		s.Share, s.Known = 1, true
		return s
	}
	e := p.estimateLocked(now, &pace)
	s.ETA, s.Known = seconds(e.end), e.known && p.waits == ""
	s.Share = p.share.show(now, e.share, e.end, s.Known)
	return s
}

// seconds returns x seconds as a duration: 0 for x < 0, at most 2^63-1 ns (292 years).
func seconds(x float64) time.Duration {
	if !(x < math.MaxInt64/float64(time.Second)) { // true for +Inf and NaN, too
		return math.MaxInt64
	}
	return time.Duration(max(0, x) * float64(time.Second))
}
