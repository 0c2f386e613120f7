package plan

import (
	"time"

	"factorfleet/internal/task"
)

// mixed is the class of numbers whose sizes are not known.
const (
	mixed      = task.SizeClasses
	allClasses = mixed + 1
)

// An amount is a count of numbers, their predicted CPU time, and the CPU time that they took, as workers claim, in
// seconds.
type amount struct{ numbers, work, cpu float64 }

func (a *amount) add(b amount) {
	a.numbers += b.numbers
	a.work += b.work
	a.cpu += b.cpu
}

// scaled returns f times the amount.
func (a amount) scaled(f float64) amount { return amount{a.numbers * f, a.work * f, a.cpu * f} }

// A Tally counts numbers by size class. One goroutine uses it at a time. The zero value counts nothing; use NewTally.
type Tally struct {
	expect Expectation
	of     [allClasses]amount
	low    int // classes below have no numbers
	high   int // classes from here on have none
}

// NewTally returns an empty Tally.
func NewTally(e Expectation) *Tally { return &Tally{expect: e, low: allClasses} }

// Add counts a number of so many bits that is to be computed, and returns its expected CPU time.
func (t *Tally) Add(bits int) time.Duration { return t.add(bits, -1) }

// AddAnswer counts an answer, with the CPU time that its worker claims.
func (t *Tally) AddAnswer(bits int, cpu time.Duration) { t.add(bits, cpu) }

func (t *Tally) add(bits int, cpu time.Duration) time.Duration {
	cost := t.expect.Cost(bits)
	a := amount{numbers: 1, work: cost.Seconds()}
	if a.cpu = a.work; cpu >= 0 && t.expect.learns() {
		a.cpu = min(max(cpu.Seconds(), a.work*leastClaim), a.work*mostClaim)
	}
	t.put(t.expect.class(bits), a)
	return cost
}

// AddMixed counts numbers whose sizes are not known.
func (t *Tally) AddMixed(numbers uint64, work time.Duration) {
	t.put(mixed, amount{float64(numbers), work.Seconds(), work.Seconds()})
}

// put adds an amount to a class.
func (t *Tally) put(class int, a amount) {
	t.of[class].add(a)
	t.low, t.high = min(t.low, class), max(t.high, class+1)
}

// Join adds all that u counts.
func (t *Tally) Join(u *Tally) { u.each(t.put) }

// each calls do with the classes that have numbers, the smallest first.
func (t *Tally) each(do func(class int, a amount)) {
	for class := t.low; class < t.high; class++ {
		if a := t.of[class]; a.numbers > 0 {
			do(class, a)
		}
	}
}

// scale multiplies all by f.
func (t *Tally) scale(f float64) {
	for class := t.low; class < t.high; class++ {
		t.of[class] = t.of[class].scaled(f)
	}
}

// Scale counts only count of the numbers, each with the same share of the work: the others were counted before.
func (t *Tally) Scale(count uint64) {
	var all float64
	t.each(func(_ int, a amount) { all += a.numbers })
	if all > 0 && float64(count) < all {
		t.scale(float64(count) / all)
	}
}

// Sizes returns the counts for the manifest of a job, the smallest class first. Numbers of unknown size are left out.
func (t *Tally) Sizes() (list []task.SizeCount) {
	t.each(func(class int, a amount) {
		if class != mixed {
			list = append(list, task.SizeCount{Bits: task.SizeBits(class), Count: uint64(a.numbers + 0.5), Work: seconds(a.work)})
		}
	})
	return list
}

// TallyOf returns the numbers of a sealed job, by size if the manifest has their sizes.
func TallyOf(j *task.Job) *Tally { return tallyOf(ExpectationOf(j), j.Count, j.Work, j.Sizes) }

func tallyOf(e Expectation, count uint64, work time.Duration, sizes []task.SizeCount) *Tally {
	t := NewTally(e)
	var sized uint64
	for _, s := range sizes {
		t.put(e.class(s.Bits), amount{float64(s.Count), s.Work.Seconds(), s.Work.Seconds()})
		if sized += s.Count; sized > count {
			break
		}
	}
	if sized != count { // of another version, or nobody has counted them
		*t = *NewTally(e)
		t.AddMixed(count, work)
	}
	return t
}
