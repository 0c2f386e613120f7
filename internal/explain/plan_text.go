package explain

import (
	"fmt"
	"strconv"
	"time"

	"factorfleet/internal/text"
)

// Lines returns the plan as text: what the number is, a line for each level that takes a second or more, the sieve, and
// what limits and helps the work.
func (p *Plan) Lines() []string {
	what := fmt.Sprintf("number %d: a composite of %d digits", p.Position+1, p.Digits)
	if p.Divided > 0 {
		what += ", after " + text.Count(uint64(p.Divided), "small prime") + " divided out"
	}
	what += "; its plan, with times of one core of this machine (" + p.Kernels + "):"
	lines := []string{what}
	if p.Work > 0 {
		lines = append(lines, "  curves up to t"+strconv.FormatFloat(p.Work, 'g', -1, 64)+" were run before (--work)")
	}
	for i := 0; i < len(p.Levels); {
		count := short(p.Levels[i:])
		lines = append(lines, "  "+describe(p.Levels[i:i+count]))
		i += count
	}
	return append(lines, "  "+p.sieve(), "  "+p.limits())
}

// short returns the number of leading levels that share a line: those of less than a second together, 1 at least.
func short(levels []Level) int {
	sum, count := time.Duration(0), 0
	for _, l := range levels {
		if sum += l.Time; sum >= time.Second {
			break
		}
		count++
	}
	return max(count, 1)
}

// describe returns the line of levels.
func describe(levels []Level) string {
	first, last := levels[0], levels[len(levels)-1]
	curves, sum := 0, time.Duration(0)
	for _, l := range levels {
		curves, sum = curves+l.Curves, sum+l.Time
	}
	digits, is := strconv.Itoa(last.Digits), "="
	if len(levels) > 1 {
		digits, is = strconv.Itoa(first.Digits)+" to "+digits, " up to "
	}
	line := "for factors of " + digits + " digits: "
	if last.PM1 > 0 {
		line += "p-1 with B1" + is + text.Thousands(last.PM1) + ", "
	}
	if last.PP1 > 0 {
		line += "p+1 with B1" + is + text.Thousands(last.PP1) + ", "
	}
	return line + fmt.Sprintf("%s with B1%s%s, B2=%d*B1, about %s", text.Count(uint64(curves), "curve"), is, text.Thousands(last.B1), last.B2/last.B1, text.Rough(sum))
}

// sieve returns the line of the sieve, or why there is none.
func (p *Plan) sieve() string {
	switch {
	case p.Sieve != nil && p.Sieve.Relations > 0:
		return fmt.Sprintf("quadratic sieve: about %s relations, about %s, at most %s of memory", text.Thousands(uint64(p.Sieve.Relations)), text.Rough(p.Sieve.Time), text.Bytes(int64(p.Sieve.Memory)))
	case p.Sieve != nil:
		return "quadratic sieve: about " + text.Rough(p.Sieve.Time)
	case p.Needs > 0:
		return "no quadratic sieve within the budget: it takes about " + text.Rough(p.Needs)
	}
	return "no quadratic sieve: the composite is too large"
}

// total returns the predicted time of all steps.
func (p *Plan) total() (sum time.Duration) {
	for _, l := range p.Levels {
		sum += l.Time
	}
	if p.Sieve != nil {
		sum += p.Sieve.Time
	}
	return sum
}

// limits returns the line of the budget and of what helps.
func (p *Plan) limits() string {
	line := "in all at most about " + text.Rough(p.total()) + "; "
	if p.Sieve == nil {
		line = ""
	}
	line += "the budget is " + text.Rough(p.Budget) + " of CPU time"
	if p.SpentAt {
		line += ", which ends the curves"
	}
	switch {
	case p.Shared == "sieve" && p.Needs > 0:
		line += "; workers with free slots share the sieve if the budget then suffices, else they run curves"
	case p.Shared == "sieve":
		line += "; workers with free slots share the sieve if that saves time"
	case p.Shared == "curves":
		line += "; workers with free slots run curves, too"
	}
	return line
}
