package command

import (
	"testing"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/job"
)

// TestParseMoment: durations, times with and without a zone, and the next time of day.
func TestParseMoment(t *testing.T) {
	zone := time.FixedZone("test", 3600)
	now := time.Date(2026, 11, 30, 21, 30, 0, 0, zone)
	at := func(day, hour, minute int) job.Moment {
		return job.Moment{At: time.Date(2026, 12, day, hour, minute, 0, 0, zone)}
	}
	for text, want := range map[string]job.Moment{
		"2h": {In: 2 * time.Hour}, "0s": {}, "-5m": {In: -5 * time.Minute}, "1h30m": {In: 90 * time.Minute},
		"2026-12-01T22:00": at(1, 22, 0), "2026-12-01 22:00": at(1, 22, 0), "2026-12-01T22:00:00+01:00": at(1, 22, 0), "2026-12-01": at(1, 0, 0),
		"22:00": at(0, 22, 0), "21:30": at(1, 21, 30), "00:10": at(1, 0, 10),
	} {
		got, ok := parseMoment(text, now)
		if !ok || got.In != want.In || !got.At.Equal(want.At) {
			t.Errorf("%q: %+v, %v, want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "soon", "25:00", "12", "2026-13-01", "2026-12-01T", "10 minutes"} {
		if m, ok := parseMoment(text, now); ok {
			t.Errorf("%q: %+v", text, m)
		}
	}
}

// TestParseRate: numbers a second, a minute and an hour.
func TestParseRate(t *testing.T) {
	for text, want := range map[string]float64{"100/s": 100, "100": 100, "0.5/s": 0.5, "6/m": 0.1, "36/h": 0.01, "1e9/s": 1e9} {
		if got, ok := parseRate(text); !ok || got != want {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "0", "0/s", "-1/s", "NaN", "inf/s", "5/", "5/d", "/s", "2e9/s", "1/s/s", "ten/s"} {
		if got, ok := parseRate(text); ok {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestRules: what the flags say, and the errors of one line about those that make no sense.
func TestRules(t *testing.T) {
	now := time.Date(2026, 11, 30, 21, 30, 0, 0, time.UTC)
	read := func(args ...string) (r job.Rules, err error) {
		app := ucli.NewApp()
		app.Flags, app.Action = ruleFlags(), func(c *ucli.Context) error { r, err = rules(c, now); return nil }
		if failed := app.Run(append([]string{"producer"}, args...)); failed != nil {
			t.Fatal(failed)
		}
		return r, err
	}
	r, err := read("--rate", "10/s", "--max-running", "4", "--max-attempts", "7", "--backoff", "1s, 2s,3m", "--after", "1h", "--start-deadline", "23:00")
	if err != nil || r.Rate != 10 || r.MaxRunning != 4 || r.MaxAttempts != 7 || len(r.Backoff) != 3 || r.Backoff[2] != 3*time.Minute ||
		r.After.In != time.Hour || !r.StartDeadline.At.Equal(now.Add(90*time.Minute)) {
		t.Errorf("%+v, %v", r, err)
	}
	for want, args := range map[string][]string{
		`--rate "0" is not a rate above 0: use N/s, N/m or N/h, such as 100/s`:                         {"--rate", "0"},
		`--max-running "0" is not a number of tasks: use 1 or more`:                                    {"--max-running", "0"},
		`--max-attempts 0: use 1 to 100`:                                                               {"--max-attempts", "0"},
		`--max-attempts 101: use 1 to 100`:                                                             {"--max-attempts", "101"},
		`--backoff "5s,x": "x" is not a pause: use durations from 0s to 1h, such as 5s,30s,2m`:         {"--backoff", "5s,x"},
		`--backoff "-1s": "-1s" is not a pause: use durations from 0s to 1h, such as 5s,30s,2m`:        {"--backoff=-1s"},
		`--backoff lists 17 pauses: use at most 16; the last one is for all further attempts`:          {"--backoff", "1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s"},
		`--after "soon" is neither a duration such as 2h nor a time such as 22:00 or 2026-12-01T22:00`: {"--after", "soon"},
		`--after 2026-11-30T21:00 is in the past`:                                                      {"--after", "2026-11-30T21:00"},
		`--after -2h is in the past`:                                                                   {"--after=-2h"},
		`--after 0s is now: leave the flag out, or use a later time`:                                   {"--after", "0s"},
		`--start-deadline 1h is not later than --after 2h`:                                             {"--after", "2h", "--start-deadline", "1h"},
		`--start-deadline 2026-11-30 is in the past`:                                                   {"--start-deadline", "2026-11-30"},
	} {
		if _, err := read(args...); err == nil || err.Error() != want {
			t.Errorf("%v: %v\nwant %s", args, err, want)
		}
	}
}
