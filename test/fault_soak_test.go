package test

import (
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

var (
	soakFlag = flag.Duration("soak", 8*time.Second, "how long TestSoak breaks things")
	seedFlag = flag.Uint64("seed", 0, "seed of the faults; 0 = another one each time")
)

const (
	longSoak    = 2 * time.Minute  // longer ones have faults that take long
	pingTimeout = 30 * time.Second // of the programs' connections
	soakWorkers = 3
	soakBound   = 3 * patience // for one job, without the time that the server stood still
)

// A soak is one run of TestSoak: a nats-server with keys, two supervisors, workers, one job at a time, and the
// hostile worker mallory. One goroutine uses it.
type soak struct {
	*faultFleet
	guard       *guarded
	far, near   *line // of the consumers; of the producers and one supervisor
	group       *workerGroup
	supervisors []*program
	hostile     *intruder
	sight       *recorder
	watch       *nats.Conn // of the administrator, for samples
	began, end  time.Time

	job     *program // the producer of the job; nil while nobody waits for a detached job
	id      string
	input   string    // input of the job
	waitAt  time.Time // when a producer waits for the detached job
	samples []usage

	did       map[string]int
	numbers   int
	stillness time.Duration // how long the server stood still, in all
	broken    time.Time     // when the last fault was mended; zero once a result was seen since
	slowest   time.Duration // recovery
	longest   time.Duration // of a job
	died      []time.Time   // when workers were killed or stopped
}

// TestSoak mixes all faults of the other tests for as long as the flag says: jobs are submitted one after the
// other while workers, producers, supervisors, servers and lines break, clocks are wrong, and a hostile worker
// attacks. Each job must be answered within soakBound, and each answer must be that of the slow twin. The
// test logs what it did, and what is left at the end.
func TestSoak(t *testing.T) {
	t.Parallel()
	s := startSoak(t)
	for first := true; first || time.Now().Before(s.end); first = false {
		s.oneJob()
	}
	s.hostile.stop()
	for i := range s.group.members {
		s.awaitMember(i)
	}
	s.checkLeft()
	s.report()
}

// startSoak starts the fleet with everything in it.
func startSoak(t *testing.T) *soak {
	t.Helper()
	s := &soak{faultFleet: newRandomFleet(t, time.Second), guard: startGuarded(t, unchanged), did: make(map[string]int)}
	s.command = "nats-server -c " + s.guard.conf
	admin := filepath.Join(s.guard.keys, "admin.creds")
	s.server = &server{program: s.guard.program, url: s.guard.url, login: []setting{s.as("producer")}, admin: []nats.Option{
		nats.UserCredentials(admin), nats.RootCAs(admin), nats.CustomInboxPrefix("_INBOX_admin"),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
	}}
	s.run("producer", "init --ack-wait "+s.ackWait.String()+s.guard.as("admin")).wantCode(0)
	s.watch, _ = s.connect()
	s.far, s.near, s.sight = s.line(), s.line(), s.record()
	s.far.login = nil
	for range 2 {
		s.supervisors = append(s.supervisors, nil)
		s.startSupervisor(len(s.supervisors) - 1)
	}
	s.run("embedded", "keys add worker worker-3 --secure "+s.guard.keys).wantCode(0)
	s.group = s.startGroup(&workerGroup{stand: s.faultFleet, through: s.far.server, args: "-n 1", keys: func(i int) setting {
		return s.as(fmt.Sprint("worker-", i+1))
	}}, soakWorkers)
	s.hostile = s.intrude()
	s.began = time.Now()
	s.end = s.began.Add(*soakFlag)
	return s
}

// as is the setting of a program that connects with the keys of an identity.
func (s *soak) as(name string) setting {
	return environment("NATS_CONTEXT=" + filepath.Join(s.guard.keys, name+".json"))
}

// startSupervisor starts supervisor i: the first one at the server, the second one through a line. One in three
// has a clock that is an hour ahead.
func (s *soak) startSupervisor(i int) {
	s.t.Helper()
	at := s.server
	if i == 1 {
		at = s.near.server
	}
	p := at.start("producer", "serve --listen none", s.anyClock(nil)...)
	s.watched = append(s.watched, p)
	s.supervisors[i] = p
}

// anyClock adds to the settings of a program, in one case of three, a clock that is an hour ahead.
func (s *soak) anyClock(settings []setting) []setting {
	if s.random.IntN(3) > 0 {
		return settings
	}
	s.did["programs whose clock was an hour ahead"]++
	return append(settings, wrongClock(time.Hour))
}

// awaitMember waits until member i is ready and was not told to end.
func (s *soak) awaitMember(i int) {
	s.t.Helper()
	eventually(s.t, "a consumer is ready", func() bool {
		m := s.group.members[i]
		if ended(m) {
			s.group.replace(i)
			return false
		}
		output := m.stderr.String()
		return strings.Contains(output, "worker ready") && !strings.Contains(output, "worker draining")
	})
}

// oneJob submits a job and breaks things until it is printed.
func (s *soak) oneJob() {
	s.t.Helper()
	s.did["jobs"]++
	s.id = fmt.Sprintf("j%d", s.did["jobs"])
	count := 50 + s.random.IntN(200)
	s.input = s.mixture(count)
	args := fmt.Sprintf("submit --id %s --chunk %d", s.id, 1+s.random.IntN(12))
	if s.random.IntN(3) == 0 {
		args += " --detach"
		s.did["detached jobs"]++
	}
	s.produce(args)
	for began, still := time.Now(), s.stillness; !s.done(args); {
		s.fault(args)
		s.replaceEnded()
		s.takeSample(false)
		if took := time.Since(began) - (s.stillness - still); took > soakBound {
			s.t.Fatalf("job %s is not done after %v: %s\n%s", s.id, took, s.run("producer", "status "+s.id).stdout.String(), s.run("producer", "workers ls").stdout.String())
		} else {
			s.longest = max(s.longest, took)
		}
	}
	s.numbers += count
	s.run("producer", "rm "+s.id).wantCode(0)
}

// done waits a moment, and reports whether the job's answers were printed and are right.
func (s *soak) done(args string) bool {
	s.t.Helper()
	pause := time.After(s.randomTime(200*time.Millisecond, time.Second))
	if s.job == nil { // detached
		if <-pause; time.Now().After(s.waitAt) {
			s.produce("wait " + s.id)
		}
		return false
	}
	select {
	case <-s.job.ended:
		return s.printed(args)
	case <-pause:
		s.recovered()
		return false
	}
}

func (s *soak) produce(args string) {
	s.t.Helper()
	s.job = s.near.start("producer", args, s.anyClock([]setting{feed(s.input)})...)
	s.watched = append(slices.DeleteFunc(s.watched, func(p *program) bool { return p.code0() }), s.job)
}

// code0 reports whether a program exited with code 0. Its output is then not shown.
func (p *program) code0() bool {
	select {
	case <-p.ended:
		return p.killed || p.code() == 0
	default:
		return false
	}
}

// printed checks the output of the producer; false if another producer must be started.
func (s *soak) printed(args string) bool {
	s.t.Helper()
	switch code := s.job.code(); {
	case code == 0 && strings.Contains(s.job.line, "--detach"):
		s.job, s.waitAt = nil, time.Now().Add(s.randomTime(0, 4*time.Second))
	case code == 0:
		if got, want := s.job.stdout.String(), twinAnswers(s.t, s.input); got != want {
			s.t.Fatalf("%s: not the answers of the slow twin: %s", s.job.line, difference(got, want))
		}
		return true
	case code == 3: // the server or the line was away when it was started
		s.did["producers that found no server"]++
		s.produce(args)
	case code == 1 && strings.Contains(s.job.stderr.String(), "dead"):
		// A number whose workers were killed on three deliveries is given up, as documented.
		s.did["numbers given up and tried again"]++
		s.run("producer", "dead retry "+s.id).wantCode(0)
		s.produce("wait " + s.id)
	default:
		s.job.wantCode(0)
	}
	return false
}

// replaceEnded replaces the workers and supervisors that have ended, as systemd does.
func (s *soak) replaceEnded() {
	s.t.Helper()
	for i, m := range s.group.members {
		if s.mayEnd(m) {
			s.group.replace(i)
		}
	}
	for i, p := range s.supervisors {
		if s.mayEnd(p) {
			s.startSupervisor(i)
		}
	}
}

// mayEnd reports whether a program has ended. Its end must be a kill, a drain, or a server that was away: not a
// refusal. A drain fails if the line stands still for as long as the drain may take.
func (s *soak) mayEnd(p *program) bool {
	s.t.Helper()
	if !ended(p) {
		return false
	}
	said := p.stderr.String()
	switch code := p.code(); {
	case p.killed, code == 0, code == 75, code == 128+int(syscall.SIGTERM): // the last: before it was ready
	case code == 3 && !strings.Contains(said, "does not let"):
	case code == 1 && strings.Contains(said, "connection to NATS lost") && strings.Contains(said, "will be redelivered"):
	default:
		p.wantCode(0)
	}
	return true
}

func ended(p *program) bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}
