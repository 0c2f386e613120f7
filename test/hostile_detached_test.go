package test

import (
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/task"
)

// The fleet of the README, with nobody watching: a nats-server, `producer serve`, workers, and a detached job.
// Whatever becomes of its worker, the job ends, and the time for which it is kept begins.
func TestDetachedFleet(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*testing.T, *program){
		"killed":       func(_ *testing.T, p *program) { p.kill() },
		"stopped":      func(_ *testing.T, p *program) { p.signal(syscall.SIGSTOP) },
		"handing back": func(_ *testing.T, p *program) { p.signal(syscall.SIGTERM); p.wantCode(0) },
		"aborted":      func(_ *testing.T, p *program) { p.signal(syscall.SIGTERM); p.signal(syscall.SIGTERM); p.wantCode(0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startFleetWith(t, 2*time.Second)
			s.supervise("--listen none")
			leaving := s.consumer("-n 1 --name leaving --drain-timeout 2s")
			numbers := slow(0, 90, 89)
			s.run("producer", "submit --detach --id j --chunk 45 --keep 48h", feed(numbers)).wantCode(0).wantStderr("")
			eventually(t, "a chunk is running", func() bool { return s.unsettled() > 0 })
			lose(t, leaving)
			s.consumer("-n 2 --name heir")
			eventually(t, "the job is done", func() bool { return s.state("j") == task.Done })
			checkAnswers(t, numbers, s.run("producer", "results j").wantCode(0).wantStderr("").stdout.String())
			j := report[task.Job](s, "status j")
			if j.Ended == nil || j.Expires == nil || !j.Expires.Equal(j.Ended.Add(48*time.Hour)) {
				t.Errorf("the job ended at %v and expires at %v", j.Ended, j.Expires)
			}
		})
	}
}
