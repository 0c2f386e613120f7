package plan

import (
	"time"

	"factorfleet/internal/task"
)

// A Seen is what a process sees of a job whose answers it does not read.
type Seen struct {
	Job      *task.Job
	Stored   uint64 // numbers so far; those of the manifest count once it is sealed
	Answered uint64 // numbers with an answer, or given up
	Running  []Running
	Capacity Capacity
	Waits    string // why no number is computed: "paused", ...; "" = they are
}

// A seenBefore is what Look has seen last.
type seenBefore struct {
	any      bool
	total    uint64 // numbers submitted
	sealed   bool
	answered uint64
}

// Look takes over what is seen of a job at the time now, and returns the progress. A process that looks at jobs keeps a
// JobProgress for each and calls only Look. Nobody knows of which size the answered numbers are: each class is assumed to
// have the same share of answers.
func (p *JobProgress) Look(now time.Time, s Seen) Snapshot {
	p.SetNoun(task.Noun(s.Job.Kind))
	p.Waits(s.Waits)
	p.Limit(LimitsOf(s.Job))
	p.lookSubmitted(&s)
	p.lookAnswered(now, s.Answered)
	p.Running(now, s.Running, s.Capacity)
	return p.Snapshot(now)
}

// LimitsOf returns the limits of a job.
func LimitsOf(j *task.Job) Limits { return Limits{Rate: j.Rate, MaxRunning: j.MaxRunning} }

// lookSubmitted counts the numbers of the job anew if there are more, or if their sizes have become known.
func (p *JobProgress) lookSubmitted(s *Seen) {
	sealed := s.Job.State == task.Sealed || s.Job.State == task.Done
	total := max(s.Stored, s.Answered)
	if sealed {
		total = s.Job.Count
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.looked.any && p.looked.total == total && p.looked.sealed == sealed {
		return
	}
	t := NewTally(ExpectationOf(s.Job))
	if sealed {
		t = TallyOf(s.Job)
	} else {
		t.AddMixed(total, time.Duration(total)*openCost)
	}
	p.submitted, p.alone = t.of, t.expect.alone()
	if p.looked.any && p.looked.sealed != sealed { // the classes are others: the answers are distributed anew
		p.done, p.heard, p.looked.answered = [allClasses]amount{}, [allClasses]*claims{}, 0
	}
	p.looked.any, p.looked.total, p.looked.sealed = true, total, sealed
	p.sealed = sealed
}

// openCost is what a number of a job counts as while its input is being read: there is no ETA yet.
const openCost = time.Millisecond

// lookAnswered counts answers.
func (p *JobProgress) lookAnswered(now time.Time, answered uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.looked.answered
	if answered <= before {
		return
	}
	p.looked.answered = answered
	left := p.leftLocked()
	var all float64
	for _, n := range left {
		all += n
	}
	if all == 0 {
		return
	}
	t := NewTally(Expectation{})
	for class, n := range left {
		if n > 0 {
			work := n * p.expectedLocked(class)
			t.put(class, amount{n, work, work}.scaled(min(1, float64(answered-before)/all)))
		}
	}
	heavy := p.heavySum
	numbers, light := p.answeredLocked("", t)
	if before == 0 { // they were answered before
		p.pace.spent += p.heavySum - heavy
		return
	}
	p.paceLocked(now, numbers, light)
}
