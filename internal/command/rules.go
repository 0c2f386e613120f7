package command

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/job"
	"factorfleet/internal/task"
)

// None is the value of a flag of `producer change` that removes a limit.
const None = "none"

const (
	momentUsage  = "`TIME` such as 22:00 or 2026-12-01T22:00, or a duration such as 2h"
	rateUsage    = "queue at most `N/s` numbers or items of the job over the whole fleet; N/m and N/h are per minute and hour"
	runningUsage = "have at most `N` tasks of the job queued or running over the whole fleet"
)

// ruleFlags returns the flags of submit that say when tasks are queued and how often they are tried.
func ruleFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.StringFlag{Name: "after", DefaultText: "at once", Usage: "start the job at a " + momentUsage},
		&ucli.StringFlag{Name: "start-deadline", DefaultText: "none", Usage: "cancel the job if no task of it has begun by a " + momentUsage},
		&ucli.StringFlag{Name: "rate", DefaultText: "no limit", Usage: rateUsage},
		&ucli.StringFlag{Name: "max-running", DefaultText: "no limit", Usage: runningUsage},
		&ucli.IntFlag{Name: "max-attempts", DefaultText: "3", Usage: fmt.Sprintf("give a number or item up after `N` failed attempts, 1 to %d", task.MaxMaxAttempts)},
		&ucli.StringFlag{Name: "backoff", DefaultText: "5s, doubled up to 2m", Usage: "`LIST` of pauses after failed attempts such as 5s,30s,2m; the last one is for all further attempts"},
	}
}

// ChangeFlags returns the flags of `producer change`.
func ChangeFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.StringFlag{Name: "rate", Usage: rateUsage + "; none removes the limit"},
		&ucli.StringFlag{Name: "max-running", Usage: runningUsage + "; none removes the limit"},
		&ucli.StringFlag{Name: "after", Usage: "start the job at a " + momentUsage + "; none starts it now"},
	}
}

// rules returns what the flags of ruleFlags say. All its errors have exit code Usage. now is the time of this machine.
func rules(c *ucli.Context, now time.Time) (r job.Rules, err error) {
	if r.Rate, err = RateFlag(c); err != nil {
		return r, err
	}
	if r.MaxRunning, err = RunningFlag(c); err != nil {
		return r, err
	}
	if r.MaxAttempts = c.Int("max-attempts"); c.IsSet("max-attempts") && (r.MaxAttempts < 1 || r.MaxAttempts > task.MaxMaxAttempts) {
		return r, cli.Usagef("--max-attempts %d: use 1 to %d", r.MaxAttempts, task.MaxMaxAttempts)
	}
	if r.Backoff, err = parseBackoff(c); err != nil {
		return r, err
	}
	if r.After, err = MomentFlag(c, "after", now); err != nil {
		return r, err
	}
	if r.StartDeadline, err = MomentFlag(c, "start-deadline", now); err != nil {
		return r, err
	}
	begin, end := atOf(r.After, now), atOf(r.StartDeadline, now)
	if !end.IsZero() && !begin.IsZero() && !end.After(begin) {
		return r, cli.Usagef("--start-deadline %s is not later than --after %s", c.String("start-deadline"), c.String("after"))
	}
	return r, nil
}

// atOf returns the time of a moment at the time now; zero = none.
func atOf(m job.Moment, now time.Time) time.Time {
	if m.In > 0 {
		return now.Add(m.In)
	}
	return m.At
}

// RateFlag returns the value of --rate in numbers a second, 0 if it is not set.
func RateFlag(c *ucli.Context) (float64, error) {
	if !c.IsSet("rate") {
		return 0, nil
	}
	rate, ok := parseRate(c.String("rate"))
	if !ok {
		return 0, cli.Usagef("--rate %q is not a rate above 0: use N/s, N/m or N/h, such as 100/s", c.String("rate"))
	}
	return rate, nil
}

// maxRate is the highest rate of a job, in numbers a second; see task.Job.
const maxRate = 1e9

// parseRate reads N, N/s, N/m or N/h, with N above 0.
func parseRate(text string) (float64, bool) {
	figure, unit, _ := strings.Cut(text, "/")
	seconds, known := map[string]float64{"": 1, "s": 1, "m": 60, "h": 3600}[unit]
	n, err := strconv.ParseFloat(figure, 64)
	if !known || err != nil || !(n > 0) || math.IsInf(n, 0) || strings.HasSuffix(text, "/") {
		return 0, false
	}
	rate := n / seconds
	return rate, rate > 0 && rate <= maxRate
}

// RunningFlag returns the value of --max-running, 0 if it is not set.
func RunningFlag(c *ucli.Context) (int, error) {
	if !c.IsSet("max-running") {
		return 0, nil
	}
	n, err := strconv.ParseInt(c.String("max-running"), 10, 32)
	if err != nil || n < 1 {
		return 0, cli.Usagef("--max-running %q is not a number of tasks: use 1 or more", c.String("max-running"))
	}
	return int(n), nil
}

// parseBackoff reads the value of --backoff.
func parseBackoff(c *ucli.Context) (list []time.Duration, _ error) {
	if !c.IsSet("backoff") {
		return nil, nil
	}
	for _, text := range strings.Split(c.String("backoff"), ",") {
		d, err := time.ParseDuration(strings.TrimSpace(text))
		if err != nil || d < 0 || d > task.MaxBackoff {
			return nil, cli.Usagef("--backoff %q: %q is not a pause: use durations from 0s to 1h, such as 5s,30s,2m", c.String("backoff"), text)
		}
		list = append(list, d)
	}
	if len(list) > task.MaxBackoffs {
		return nil, cli.Usagef("--backoff lists %d pauses: use at most %d; the last one is for all further attempts", len(list), task.MaxBackoffs)
	}
	return list, nil
}

// MomentFlag returns the value of a flag that is a time or a duration; the zero value if it is not set. now is the time
// of this machine.
func MomentFlag(c *ucli.Context, name string, now time.Time) (m job.Moment, _ error) {
	if !c.IsSet(name) {
		return m, nil
	}
	text := c.String(name)
	m, ok := parseMoment(text, now)
	switch {
	case !ok:
		return m, cli.Usagef("--%s %q is neither a duration such as 2h nor a time such as 22:00 or 2026-12-01T22:00", name, text)
	case m.In < 0 || !m.At.IsZero() && !m.At.After(now):
		return m, cli.Usagef("--%s %s is in the past", name, text)
	case m == job.Moment{}:
		return m, cli.Usagef("--%s %s is now: leave the flag out, or use a later time", name, text)
	}
	return m, nil
}

// momentLayouts are the forms of a time. One without a zone is of this machine's zone.
var momentLayouts = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly}

// parseMoment reads a duration, a time, or a time of day, which is the next one after now.
func parseMoment(text string, now time.Time) (job.Moment, bool) {
	if d, err := time.ParseDuration(text); err == nil {
		return job.Moment{In: d}, true
	}
	for _, layout := range momentLayouts {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return job.Moment{At: t}, true
		}
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		at := func(day int) time.Time {
			return time.Date(now.Year(), now.Month(), day, t.Hour(), t.Minute(), t.Second(), 0, now.Location())
		}
		if next := at(now.Day()); next.After(now) {
			return job.Moment{At: next}, true
		}
		return job.Moment{At: at(now.Day() + 1)}, true
	}
	return job.Moment{}, false
}
