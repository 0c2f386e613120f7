package explain

import (
	"fmt"
	"strconv"
	"strings"

	"factorfleet/internal/text"
)

// String returns all facts in one line, such as
//
//	number 1, 90 digits: about 50 s left: sieve, 134,000 of about 310,000 relations (43%), 5,200/s, 812 of 5,600 cycles, 5 cores of 3 workers on 2 machines
func (f *Facts) String() string {
	return fmt.Sprintf("number %d, %d digits: %s", f.Position+1, f.Digits, f.Variants()[0])
}

// Stage tells when a log gets a new line: it changes with the phase, the level of the curves, and each tenth of the
// relations and of the linear algebra.
func (f *Facts) Stage() string {
	tenth := min(uint64(f.Relations), 1<<50) * 10 / uint64(max(f.Expected, 1))
	return fmt.Sprint(f.Digits, f.Phase, f.Shared, f.B1, tenth, int(f.Solved*10))
}

// Variants returns the facts without the number, for lines of a terminal: the longest first. Each begins with the time
// left, so that it remains when the line is cut.
func (f *Facts) Variants() []string {
	left := ""
	if f.Left > 0 {
		left = "about " + text.Rough(f.Left) + " left: "
		if f.Shared && f.Phase == PhaseCurves { // the end of the number is not known
			left = "about " + text.Rough(f.Left) + " left at this level: "
		}
	}
	return []string{
		left + join(f.what(true), f.rate(), f.cycles(), f.who(true)),
		left + join(f.what(true), f.rate(), f.who(true)),
		left + join(f.what(true), f.who(false)),
		left + join(f.what(false), f.rate(), f.who(false)),
		left + f.what(false),
	}
}

// what returns the phase and how far it is, with all figures or the share only.
func (f *Facts) what(all bool) string {
	switch f.Phase {
	case PhasePM1, PhasePP1:
		return f.Phase + " with B1=" + text.Thousands(f.B1)
	case PhaseCurves:
		return f.curves(all)
	case PhaseSieve:
		share := share(uint64(f.Relations), uint64(max(f.Expected, 0)))
		if !all || f.Expected == 0 {
			return "sieve " + share
		}
		return fmt.Sprintf("sieve, %s of about %s relations (%s)", text.Thousands(uint64(f.Relations)), text.Thousands(uint64(f.Expected)), share)
	case PhaseMatrix:
		return f.matrix(all)
	case PhaseSplit:
		return "a divisor is known"
	case PhaseNone:
		return "a supervisor starts the shared work"
	}
	return text.Sanitize(f.Phase, 40)
}

// matrix returns how far the linear algebra is, as far as that is known.
func (f *Facts) matrix(all bool) string {
	what := PhaseMatrix
	if all && f.Relations > 0 {
		what += " of " + text.Thousands(uint64(f.Relations)) + " relations"
	}
	if f.Solved > 0 {
		what += " " + share(uint64(f.Solved*1000), 1000)
	}
	return what
}

// curves returns the level of the curves and what they have reached.
func (f *Facts) curves(all bool) string {
	what := "curves"
	if f.Planned > 0 {
		what = fmt.Sprintf("curves %s of %s", text.Thousands(min(f.Curves, f.Planned)), text.Thousands(f.Planned))
	}
	if all && f.B1 > 0 {
		what += " with B1=" + text.Thousands(f.B1)
	}
	if f.Reached > 0 {
		what += ", t" + strconv.FormatFloat(f.Reached, 'f', 1, 64)
	}
	return what
}

// share returns done/total in percent, at most 99: the total is an estimate.
func share(done, total uint64) string {
	return strconv.FormatUint(min(min(done, 1<<50)*100/max(total, 1), 99), 10) + "%"
}

// rate returns the relations or curves a second, or curves a minute; "" if it is unknown.
func (f *Facts) rate() string {
	switch {
	case f.Rate <= 0 || f.Phase != PhaseSieve && f.Phase != PhaseCurves:
		return ""
	case f.Rate >= 10:
		return text.Thousands(uint64(f.Rate)) + "/s"
	case f.Rate >= 0.5:
		return strconv.FormatFloat(f.Rate, 'f', 1, 64) + "/s"
	}
	return strconv.FormatFloat(f.Rate*60, 'f', 1, 64) + "/min"
}

// cycles returns how many independent cycles the relations have, "" if that is unknown.
func (f *Facts) cycles() string {
	if f.Phase != PhaseSieve || f.Need == 0 {
		return ""
	}
	return text.Thousands(uint64(f.Cycles)) + " of " + text.Thousands(uint64(f.Need)) + " cycles"
}

// who returns the cores at work, and whose they are if all is set and several workers share the number.
func (f *Facts) who(all bool) string {
	switch {
	case f.Cores == 0:
		return ""
	case !all || !f.Shared:
		return text.Count(uint64(f.Cores), "core")
	}
	return fmt.Sprintf("%s of %s on %s", text.Count(uint64(f.Cores), "core"), text.Count(uint64(f.Workers), "worker"), text.Count(uint64(f.Hosts), "machine"))
}

// join joins the parts that are not empty.
func join(parts ...string) string {
	var list []string
	for _, p := range parts {
		if p != "" {
			list = append(list, p)
		}
	}
	return strings.Join(list, ", ")
}
