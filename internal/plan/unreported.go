package plan

import (
	"math"
	"time"
)

const (
	// keptReports is how many of the last reports are known. With more cores, the others are expected to be like these.
	keptReports = 1024
	// longTask bounds the CPU time since a report, as a multiple of the usual CPU time between two reports of a slot.
	longTask = 1.5
)

// Workers report the numbers of a task at its end, or every 5 s. What the slots have computed since their last reports is
// not known, unless a worker states its number: see Running. Each of the last reports is expected to be of another slot,
// which has been at work since then:
//
//	unreported = sum over the slots of min((now - report) * efficiency, most)
//	most       = 1.5 * usual CPU time of a report
//
// At the end of a job there are fewer tasks than slots: so many slots count as the numbers that are left fill usual reports.
type reports struct {
	last    []time.Time // the newest one is the last
	cpu     float64     // moving average of the CPU time of those with heavy numbers, in seconds; 0 = there was none
	numbers float64     // moving average of the numbers of these
}

// add takes note of a report at the time now, with so many numbers, and so much CPU time of the heavy ones of them.
func (r *reports) add(now time.Time, numbers, heavy float64) {
	if len(r.last) == 2*keptReports {
		r.last = r.last[:copy(r.last, r.last[keptReports:])]
	}
	r.last = append(r.last, now)
	switch {
	case heavy == 0:
	case r.cpu == 0:
		r.cpu, r.numbers = heavy, numbers
	default:
		r.cpu, r.numbers = r.cpu+(heavy-r.cpu)/4, r.numbers+(numbers-r.numbers)/4
	}
}

// busy returns how many of so many slots have a task, if so many numbers are left: at least 1.
func (r *reports) busy(slots, left float64) float64 {
	if r.numbers == 0 {
		return slots
	}
	return min(slots, max(math.Ceil(left/r.numbers), 1))
}

// since returns the CPU time that the busy ones of so many slots have spent since their last reports, in seconds: those that
// have reported last are idle. It is at most limit seconds of work of each, if there were only light numbers.
func (r *reports) since(now time.Time, slots, busy, efficiency, limit float64) (sum float64) {
	if slots < 1 {
		return 0
	}
	list := r.last[max(len(r.last)-int(min(slots, keptReports)), 0):]
	list = list[:min(len(list), int(busy))]
	most := longTask * r.cpu
	if r.cpu == 0 {
		most = limit * efficiency
	}
	for _, at := range list {
		sum += min(max(now.Sub(at).Seconds(), 0)*efficiency, most)
	}
	if len(list) == keptReports {
		sum *= busy / keptReports
	}
	return sum
}

// first returns the CPU time that the first reports of so many slots are expected to have, which are about to arrive.
func (r *reports) first(slots float64) float64 {
	return max(min(slots, keptReports)-float64(len(r.last)), 0) * r.cpu
}

// silentLocked returns the cores whose slots state no number.
func (p *JobProgress) silentLocked() float64 {
	cores := p.coresLocked()
	for _, r := range p.runners {
		if !r.finished {
			cores -= float64(r.Cores)
		}
	}
	return max(cores, 0)
}

// unreportedLocked returns the CPU time that silent slots have spent since their last reports. So many numbers are left,
// of which no slot states that it has them.
func (p *JobProgress) unreportedLocked(now time.Time, efficiency, left float64) float64 {
	slots := p.silentLocked()
	return p.reports.since(now, slots, p.reports.busy(slots, left), efficiency, p.pace.gap)
}

// spentLocked returns the CPU time of all heavy numbers, of which only differences count: it has that of the numbers at work
// and of those that are done and not reported.
func (p *JobProgress) spentLocked(now time.Time) float64 {
	efficiency := p.efficiencyLocked()
	spent := p.heavySum + p.runners.total(now, efficiency)
	if p.reports.cpu > 0 {
		slots := p.silentLocked()
		spent += p.reports.since(now, slots, slots, efficiency, 0) + p.reports.first(slots)
	}
	return spent
}
