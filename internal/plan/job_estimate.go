package plan

import "time"

const (
	// mostUnlearned is the largest part of the work left of whose size classes no number was begun: with more there is
	// no ETA. The times of two numbers of one size differ by a factor of thousands, so that only numbers of the same list
	// say what the others take.
	mostUnlearned = 0.5
	// mostCores bounds the CPU time that a job gets, in cores of its workers: a worker may use more cores than it has
	// slots.
	mostCores = 1.25
	// mostUnreported is the largest part of the queued work that is assumed to be done and not reported.
	mostUnreported = 0.9
)

// An estimate is what is expected of a sealed job.
type estimate struct {
	share float64
	end   float64 // seconds
	known bool
}

// estimateLocked predicts the end of a sealed job that is not complete.
func (p *JobProgress) estimateLocked(now time.Time, pace *pace) (e estimate) {
	evidence := p.evidenceLocked(now)
	belief := believe(&evidence)
	left := p.leftLocked()
	l := load{cores: p.coresLocked(), one: 1}
	if p.capacity != nil && !p.alone {
		l.one = min(float64(max(p.capacity.One, 1)), l.cores)
	}
	l.efficiency = pace.efficiency(l.cores, p.capacity != nil)
	spent, known := p.addRunning(&l, &left, now)
	var unlearned float64
	for class, n := range left {
		took := p.done[class]
		spent += min(max(took.cpu, took.numbers*lightMessage), mostClaim*took.work+took.numbers*lightMessage)
		if n <= 0 {
			continue
		}
		cost := p.expectedLocked(class) * belief.ratio[class]
		if cost < lightCost {
			cost = max(cost, pace.message(l.cores))
		}
		l.numbers, l.queued, l.hardest = l.numbers+n, l.queued+n*cost, max(l.hardest, cost)
		if !belief.learned[class] {
			unlearned += n * cost
		}
	}
	if l.efficiency == 0 {
		known, l.efficiency = false, 1
	}
	if p.capacity != nil {
		l.efficiency = min(l.efficiency, max(mostCores, l.busy()/l.cores*mostCores))
	}
	part := min(p.unreportedLocked(now, l.efficiency, l.numbers)/max(l.queued, 1e-9), mostUnreported)
	spent += part * l.queued
	l.numbers, l.queued, unlearned = l.numbers*(1-part), l.queued*(1-part), unlearned*(1-part)
	e.end = max(l.end()-p.sinceLocked(now), 0)
	if p.limits.Rate > 0 {
		e.end = max(e.end, l.numbers/p.limits.Rate)
	}
	work := l.queued
	for _, r := range l.running {
		work += r.left * r.cores * min(l.efficiency, 1)
	}
	if work+spent > 0 {
		e.share = spent / (work + spent)
	}
	e.known = known && p.observedLocked(pace) && unlearned <= mostUnlearned*max(work, 1e-9)
	return e
}

// busy returns the cores at work on the running numbers.
func (l *load) busy() (cores float64) {
	for _, r := range l.running {
		cores += r.cores
	}
	return cores
}

// addRunning moves the running numbers from left, the numbers by class, to l, and takes those off left that are done and
// not reported. It returns the CPU time that all these have taken, and whether the end of each can be predicted.
func (p *JobProgress) addRunning(l *load, left *[allClasses]float64, now time.Time) (spent float64, known bool) {
	known = p.capacity == nil || p.capacity.Cores > 0
	for _, r := range p.runners.present() {
		known = known && r.known()
		rest := r.left(now).Seconds()
		if !r.Final && l.efficiency > 0 { // predicted for a core of its own
			rest /= min(l.efficiency, 1)
		}
		l.running = append(l.running, runningLoad{rest, float64(r.Cores)})
		if class := classNear(left, r.class); class >= 0 {
			left[class] = max(left[class]-1, 0)
		}
	}
	n := p.runners.unreported() // of which sizes is not known: of many numbers in a short time, most are small
	for class := range left {
		off := min(n, left[class])
		left[class], n = left[class]-off, n-off
	}
	return p.runners.total(now, p.efficiencyLocked()), known
}

// classNear returns the class next to c, two below to four above, that has most numbers, or any class that has numbers;
// -1 if there is none. A running composite is smaller than its number, from which small primes were divided out.
func classNear(numbers *[allClasses]float64, c int) int {
	best := -1
	for class := max(c-2, 0); class <= min(c+4, mixed-1) && c != mixed; class++ {
		if numbers[class] >= 1 && (best < 0 || numbers[class] > numbers[best]) {
			best = class
		}
	}
	for class := allClasses - 1; class >= 0 && best < 0; class-- {
		if numbers[class] >= 1 {
			best = class
		}
	}
	return best
}

// observedLocked reports whether there is anything to go by: answers for a second, or a running number.
func (p *JobProgress) observedLocked(pace *pace) bool {
	return pace.weight >= decayed(rateTrust/2) || len(p.runners) > 0
}

// sinceLocked returns for how many seconds the answers that are on their way have been computed, if no reports are known
// but only their count: the time since the last answer, at most the usual time between two. Running numbers say themselves
// how far they are.
func (p *JobProgress) sinceLocked(now time.Time) float64 {
	if len(p.runners) > 0 || len(p.reports.last) > 0 || !p.pace.started {
		return 0
	}
	return min(max(now.Sub(p.pace.last).Seconds(), 0), p.pace.gap)
}

// leftLocked returns the numbers without an answer by class. Answers of classes that have none left, because the sizes
// were not known, are answers of the mixed class.
func (p *JobProgress) leftLocked() (left [allClasses]float64) {
	var more float64
	for class := range left {
		left[class] = p.submitted[class].numbers - p.done[class].numbers
		if left[class] < 0.5 {
			more, left[class] = more+min(left[class], 0), 0
		}
	}
	left[mixed] = max(0, left[mixed]+more)
	return left
}

// expectedLocked returns the predicted CPU time of a number of a class that is left, in seconds.
func (p *JobProgress) expectedLocked(class int) float64 {
	a := p.submitted[class]
	if class == mixed && a.numbers > 0 {
		for other := range mixed { // what is left of the sum
			if p.submitted[other].numbers == 0 {
				a.numbers, a.work = a.numbers-p.done[other].numbers, a.work-p.done[other].work
			}
		}
		if a.numbers < 1 || a.work <= 0 {
			a = p.submitted[class]
		}
	}
	if a.numbers <= 0 {
		return 0
	}
	return a.work / a.numbers
}

// evidenceLocked returns the answers of each class, and the running numbers as if each were an answer that took its whole
// predicted time.
func (p *JobProgress) evidenceLocked(now time.Time) (all [allClasses]amount) {
	for class, c := range p.heard {
		all[class] = c.bounded()
	}
	var any [allClasses]float64
	for class := range any {
		any[class] = p.submitted[class].numbers
	}
	for _, r := range p.runners.present() {
		if !r.known() || r.class == mixed {
			continue
		}
		class := -1
		for c := max(r.class-1, 0); c <= min(r.class+1, mixed-1); c++ { // much smaller composites are rests of other numbers
			if any[c] > 0 && (class < 0 || any[c] > any[class]) {
				class = c
			}
		}
		if class < 0 {
			if class = mixed; any[mixed] == 0 {
				continue
			}
		}
		work := p.expectedLocked(class)
		whole := min(max(r.whole(now).Seconds(), work*leastClaim), work*mostClaim)
		all[class].add(amount{1, work, whole})
	}
	return all
}
