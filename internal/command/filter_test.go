package command

import (
	"strings"
	"testing"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/collect"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// parseFilter returns the filter of a command line, at the time now.
func parseFilter(t *testing.T, now time.Time, args ...string) (f *filter, err error) {
	t.Helper()
	app := &ucli.App{Flags: FilterFlags(), Action: func(c *ucli.Context) (_ error) {
		f, err = newFilter(c, now)
		return nil
	}}
	if e := app.Run(append([]string{"results"}, args...)); e != nil {
		t.Fatal(e)
	}
	return f, err
}

// TestFilter: which of some answers each filter selects.
func TestFilter(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	prime := func(p uint64) task.Factor { return task.Factor{P: nat.New(p), Exp: 1, Status: task.Prime} }
	composite := task.Factor{P: nat.New(1 << 63), Exp: 1, Status: task.Composite}
	item := func(worker string, cpu time.Duration, ago time.Duration, factors ...task.Factor) collect.Item {
		i := collect.Item{N: nat.New(12), Kind: task.KindFactor, Worker: worker, Factorization: task.Factorization{Factors: factors, CPU: cpu}}
		i.Stored = now.Add(-ago)
		return i
	}
	items := map[string]collect.Item{
		"full":       item("a", time.Second, time.Hour, prime(2), prime(3)),
		"prime":      item("b", time.Millisecond, 3*time.Hour, prime(7)),
		"part":       item("a", time.Minute, 26*time.Hour, prime(2), composite),
		"unfinished": item("b", time.Hour, 0, composite),
		"dead":       {N: nat.New(12), Kind: task.KindFactor, Dead: "killed"},
	}
	for args, want := range map[string]string{
		"--status FF":                     "full",
		"--status cf,C":                   "part unfinished",
		"--status DEAD,p":                 "prime dead",
		"--slower-than 1s":                "part unfinished",
		"--worker a":                      "full part",
		"--worker nobody":                 "",
		"--since 2h":                      "full unfinished",
		"--since 11:00":                   "full unfinished",
		"--since 13:00":                   "full prime unfinished", // of yesterday
		"--since 2026-11-29":              "full prime part unfinished",
		"--since 2h --worker b":           "unfinished",
		"--status CF --slower-than 2m":    "",
		"--status C --slower-than 59m59s": "unfinished",
	} {
		f, err := parseFilter(t, now, strings.Fields(args)...)
		if err != nil {
			t.Fatalf("%s: %v", args, err)
		}
		f.begin(func() time.Time { return now })
		var got []string
		for _, name := range []string{"full", "prime", "part", "unfinished", "dead"} {
			i := items[name]
			if f.selects(&i) {
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != want || f.all != 5 || f.shown != uint64(len(got)) {
			t.Errorf("%s: selected %q, %d of %d, want %q", args, got, f.shown, f.all, want)
		}
	}
	if f, err := parseFilter(t, now); f != nil || err != nil {
		t.Errorf("a filter without flags: %+v, %v", f, err)
	}
}

func TestFilterUsage(t *testing.T) {
	for args, want := range map[string]string{
		"--status=XX":       `--status: "XX" is no status: use FF, P,`,
		"--status=FF,":      `--status: "" is no status`,
		"--status=":         `--status: "" is no status`,
		"--slower-than=-1s": "--slower-than must not be negative",
		"--worker=A.B":      `--worker "A.B" is no name of a worker`,
		"--since=yesterday": `--since "yesterday" is neither a duration`,
		"--since=-2h":       `--since "-2h" is neither`,
	} {
		_, err := parseFilter(t, time.Now(), args)
		if err == nil || !strings.Contains(err.Error(), want) || cli.Code(err) != cli.Usage {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}
