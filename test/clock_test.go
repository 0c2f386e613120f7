package test

import (
	"encoding/json"
	"regexp"
	"syscall"
	"testing"
	"time"
)

// wrongClock starts a program whose clock shows d more than that of the machine; see fleet/clock_waits.go.
func wrongClock(d time.Duration) setting { return environment("FACTORFLEET_TEST_CLOCK=" + d.String()) }

// The server's time decides when a job expires. A supervisor, a submitter or an older release whose clock is a
// month wrong neither removes the results of others nor keeps its own for a month longer.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	const month = 31 * 24 * time.Hour
	s := startFleet(t)
	s.consumer("-n 1")
	s.run("producer", "submit --id right 15").wantCode(0)
	for id, clock := range map[string]time.Duration{"ahead": month, "behind": -month} {
		s.run("producer", "submit --keep 48h --id "+id+" 15", wrongClock(clock)).wantCode(0).wantSaid("the clock of this machine is 31 d 0 h ")
		var j struct{ Created, Ended, Expires time.Time }
		if err := json.Unmarshal([]byte(s.run("producer", "status --json "+id).stdout.String()), &j); err != nil {
			t.Fatal(err)
		}
		if time.Since(j.Created).Abs() > time.Minute || time.Since(j.Ended).Abs() > time.Minute || (time.Until(j.Expires)-48*time.Hour).Abs() > time.Minute {
			t.Errorf("%s: %+v", id, j)
		}
		if out := s.run("producer", "ls", wrongClock(clock)).stdout.String(); regexp.MustCompile(`\d [dh] ago`).MatchString(out) {
			t.Errorf("%s:\n%s", id, out)
		}
	}
	// As the first release writes a manifest on a machine whose clock is a month behind, or ahead.
	s.writeOldManifest("old-behind", -month)
	s.writeOldManifest("old-ahead", month)
	for _, clock := range []time.Duration{month, -month, 0} {
		supervisor := s.start("producer", "serve --listen none --log-level debug", wrongClock(clock))
		supervisor.await(&supervisor.stderr, "supervising")
		s.run("producer", "submit 21", wrongClock(clock)).wantCode(0) // a producer removes jobs, too
		for _, id := range []string{"right", "ahead", "behind"} {
			s.run("producer", "results "+id).wantCode(0).wantStdout("15: 3 5\n")
		}
		for _, id := range []string{"old-behind", "old-ahead", "right"} {
			if j := s.job(id); j.State != "done" {
				t.Errorf("clock %v: %s: %+v", clock, id, j)
			}
		}
		supervisor.signal(syscall.SIGTERM)
		supervisor.wantCode(0)
	}
}

// writeOldManifest stores the manifest of job right under another id, with the times of a wrong clock.
func (s *server) writeOldManifest(id string, wrong time.Duration) {
	s.t.Helper()
	_, js := s.connect()
	jobs, err := js.KeyValue(s.t.Context(), "FACTOR_JOBS")
	if err != nil {
		s.t.Fatal(err)
	}
	e, err := jobs.Get(s.t.Context(), "right")
	if err != nil {
		s.t.Fatal(err)
	}
	var manifest map[string]any
	if err := json.Unmarshal(e.Value(), &manifest); err != nil {
		s.t.Fatal(err)
	}
	now := time.Now().Add(wrong)
	manifest["id"], manifest["created"], manifest["ended"], manifest["expires"] = id, now, now, now.Add(30*24*time.Hour)
	value, err := json.Marshal(manifest)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := jobs.Create(s.t.Context(), id, value); err != nil {
		s.t.Fatal(err)
	}
}
