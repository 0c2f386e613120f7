package command

import (
	"fmt"
	"strings"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

// An unfinishedSum says what the printed unfinished numbers need to be finished.
type unfinishedSum struct {
	longest  time.Duration // CPU time that the hardest of them takes, as predicted
	beyond   bool          // no time can be predicted for one of them
	above    bool          // the default budget does not suffice for one of them
	noMemory bool          // a worker had too little memory for the sieve
}

// add counts an answer.
func (u *unfinishedSum) add(item *collect.Item) {
	for i := range item.Factors {
		f := &item.Factors[i]
		if f.Status != task.Composite {
			continue
		}
		bits := f.P.BitLen()
		took, ok := plan.SieveTime(bits)
		u.above = u.above || !plan.SievedByDefault(bits)
		u.longest, u.beyond = max(u.longest, took), u.beyond || !ok
		u.noMemory = u.noMemory || strings.Contains(item.Method, "; the sieve needs ") // see siqs.MemoryError
	}
}

// describe says that count numbers were left unfinished within budget, 0 = the default, and what helps.
func (u *unfinishedSum) describe(count uint64, budget time.Duration) string {
	what := text.Count(count, "number") + " could not be factored completely within the budget"
	switch {
	case u.noMemory:
		return what + ": the workers have too little memory for the sieve"
	case u.longest == 0 || u.beyond:
		return what + "; a larger --budget may help"
	case u.above: // without --budget they have too little time, too
		return fmt.Sprintf("%s; the hardest takes about %s of CPU time: use --budget %s",
			what, text.Rough(u.longest), atLeast(max(3*u.longest, 2*budget)))
	case budget == 0:
		return fmt.Sprintf("%s, although the hardest takes about %s of CPU time; a larger --budget may help", what, text.Rough(u.longest))
	}
	return fmt.Sprintf("%s; the hardest takes about %s of CPU time: use --budget %s, or none",
		what, text.Rough(u.longest), atLeast(max(3*u.longest, 2*budget)))
}

// Of what next proposes: the least budget, and what counts as the budget of a job that has none. Numbers of the most digits
// have ten minutes then.
const (
	leastNext  = 10 * time.Second
	noneBefore = 10 * time.Minute
)

// next returns a budget for another try, as a flag takes it: one that suffices if that is known, at least twice the one
// before, 0 = the default.
func (u *unfinishedSum) next(budget time.Duration) string {
	if budget == 0 {
		budget = noneBefore
	}
	if u.beyond {
		return atLeast(max(2*budget, leastNext))
	}
	return atLeast(max(3*u.longest, 2*budget, leastNext))
}

// atLeast returns d as a flag takes it, rounded up to seconds, or to minutes from two minutes on.
func atLeast(d time.Duration) string {
	unit := time.Second
	if d >= 2*time.Minute {
		unit = time.Minute
	}
	if count := (d + unit - 1) / unit; unit == time.Second {
		return fmt.Sprintf("%ds", count)
	} else {
		return fmt.Sprintf("%dm", count)
	}
}
