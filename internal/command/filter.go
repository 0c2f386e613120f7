package command

import (
	"slices"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/collect"
	"factorfleet/internal/job"
	"factorfleet/internal/output"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

// FilterFlags returns the flags of `producer results` that select answers.
func FilterFlags() []ucli.Flag {
	const category = "which answers"
	return []ucli.Flag{
		&ucli.StringFlag{Name: "status", Category: category, Usage: "only answers with a status of `LIST`, such as FF,CF: " + strings.Join(output.Statuses, ", ")},
		&ucli.DurationFlag{Name: "slower-than", Category: category, Usage: "only answers that took more CPU time than `DURATION`, as their workers claim"},
		&ucli.StringFlag{Name: "worker", Category: category, Usage: "only answers of the worker `NAME`"},
		SinceFlag("only answers that the server stored", category),
	}
}

// SelectionFlags returns the flags of `producer results` that say which answers are printed, and in which order.
func SelectionFlags() []ucli.Flag { return append(FilterFlags(), sortFlag()) }

// SinceFlag returns the flag --since; what says what it selects.
func SinceFlag(what, category string) ucli.Flag {
	return &ucli.StringFlag{Name: "since", Category: category, Usage: what + " at `TIME` or later: 22:00, 2026-12-01T22:00, or a duration such as 2h before now"}
}

// A filter selects answers. A zero field selects all. A number that was given up has no worker and no times.
type filter struct {
	statuses []string
	slower   time.Duration
	worker   string
	moment   job.Moment
	since    time.Time // that of moment by the server's clock; valid after begin

	shown uint64 // answers that were selected
	all   uint64
}

// newFilter returns the filter that the flags of FilterFlags set; nil if none is set. All its errors have exit code Usage.
// now is the time of this machine.
func newFilter(c *ucli.Context, now time.Time) (*filter, error) {
	if !slices.ContainsFunc(FilterFlags(), func(f ucli.Flag) bool { return c.IsSet(f.Names()[0]) }) {
		return nil, nil
	}
	f := &filter{slower: c.Duration("slower-than"), worker: c.String("worker")}
	for _, name := range strings.Split(c.String("status"), ",") {
		name = strings.TrimSpace(name)
		if name == "" && !c.IsSet("status") {
			break
		}
		at := slices.IndexFunc(output.Statuses, func(s string) bool { return strings.EqualFold(s, name) })
		if at < 0 {
			return nil, cli.Usagef("--status: %.40q is no status: use %s", name, strings.Join(output.Statuses, ", "))
		}
		f.statuses = append(f.statuses, output.Statuses[at])
	}
	if f.slower < 0 {
		return nil, cli.Usagef("--slower-than must not be negative")
	}
	if err := CheckWorkerFilter(c); err != nil {
		return nil, err
	}
	var err error
	f.moment, err = ParseSince(c, now)
	return f, err
}

// CheckWorkerFilter checks the value of --worker: a name that no worker can have would silently select nothing.
func CheckWorkerFilter(c *ucli.Context) error {
	if name := c.String("worker"); c.IsSet("worker") && task.CheckWorker(name) != nil {
		return cli.Usagef("--worker %.40q is no name of a worker; `producer workers` lists them", name)
	}
	return nil
}

// ParseSince returns the value of --since, zero if it is not set: a time, or for how long before the present. A time of day
// is the last one before now, the time of this machine.
func ParseSince(c *ucli.Context, now time.Time) (job.Moment, error) {
	if !c.IsSet("since") {
		return job.Moment{}, nil
	}
	m, ok := parseMoment(c.String("since"), now)
	switch {
	case !ok || m.In < 0:
		return m, cli.Usagef("--since %.40q is neither a duration such as 2h nor a time such as 22:00 or 2026-12-01T22:00", c.String("since"))
	case m.At.After(now) && strings.Count(c.String("since"), "-") == 0: // a time of day
		m.At = m.At.AddDate(0, 0, -1)
	}
	return m, nil
}

// SinceAt returns the time that a value of --since means at the server's time now; zero if there is none.
func SinceAt(m job.Moment, now time.Time) time.Time {
	if m.In > 0 {
		return now.Add(-m.In)
	}
	return m.At
}

// begin fixes the time of --since. now returns the server's time.
func (f *filter) begin(now func() time.Time) {
	if f.moment != (job.Moment{}) {
		f.since = SinceAt(f.moment, now())
	}
}

// selects reports whether an answer is to be printed, and counts it.
func (f *filter) selects(item *collect.Item) bool {
	f.all++
	if f.slower > 0 && item.CPU <= f.slower || f.worker != "" && item.Worker != f.worker || !f.since.IsZero() && item.Stored.Before(f.since) {
		return false
	}
	if len(f.statuses) > 0 && !slices.Contains(f.statuses, (*output.Record)(item).Status()) {
		return false
	}
	f.shown++
	return true
}

// describe says how many answers were selected.
func (f *filter) describe(noun string) string {
	return "the filter has selected " + text.Thousands(f.shown) + " of " + text.Count(f.all, "answered "+noun)
}
