package test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/schema"
)

var (
	soakFlag = flag.Duration("soak", 8*time.Second, "how long TestSoak breaks things")
	seedFlag = flag.Uint64("seed", 0, "seed of the faults; 0 = another one each time")
)

const (
	longSoak    = 2 * time.Minute  // longer ones have faults that take long
	pingTimeout = 30 * time.Second // of the programs' connections
)

// A soak is one run of TestSoak.
type soak struct {
	*faultFleet
	far, near *line // of the consumers and of the producers
	group     *workerGroup
	sight     *recorder
	end       time.Time

	job   *program // the producer that waits for the job
	id    string
	input string // input of the job

	did       map[string]int
	numbers   int
	stillness time.Duration // how long the server stood still, in all
	broken    time.Time     // when the last fault was mended; zero once a result was seen since
	slowest   time.Duration // recovery
	died      []time.Time   // when workers were killed or stopped
}

// TestSoak mixes all faults of the other tests for as long as the flag says: jobs are submitted one
// after the other while consumers, producers, servers and lines break. It logs what it did.
func TestSoak(t *testing.T) {
	t.Parallel()
	s := &soak{faultFleet: newFaultFleet(t, time.Second), did: make(map[string]int)}
	s.far, s.near, s.sight = s.line(), s.line(), s.record()
	s.group = s.startWorkers(s.far.server, 3, "-n 1")
	s.end = time.Now().Add(*soakFlag)
	for first := true; first || time.Now().Before(s.end); first = false {
		s.oneJob()
	}
	for i := range s.group.members {
		s.awaitMember(i)
	}
	s.group.stop()
	if list := s.subjects(schema.StreamTasks); len(list) > 0 {
		t.Errorf("%s holds %v", schema.StreamTasks, list)
	}
	// A return for a finished job waits for the next sweeper.
	for _, name := range []string{schema.StreamReturns, schema.StreamResults, schema.StreamInputs, schema.StreamDead} {
		t.Logf("%5d left in %s", len(s.subjects(name)), name)
	}
	s.report()
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
	s.input = heavy(s.random.IntN(1000), count, 2203)
	args := fmt.Sprintf("submit --id %s --chunk %d", s.id, 1+s.random.IntN(12))
	s.produce(args)
	for late, still := time.Now().Add(3*patience), s.stillness; ; {
		select {
		case <-s.job.ended:
			if s.printed(args) {
				s.numbers += count
				s.run("producer", "rm "+s.id).wantCode(0)
				return
			}
		case <-time.After(s.randomTime(100*time.Millisecond, 700*time.Millisecond)):
			s.recovered()
			if time.Now().Before(s.end) {
				s.fault(args)
			}
			s.supervise()
		}
		if time.Now().After(late.Add(s.stillness - still)) {
			s.wantDone(s.job)
			s.t.Fatalf("job %s is not done after %v", s.id, 3*patience)
		}
	}
}

func (s *soak) produce(args string) {
	s.t.Helper()
	s.job = s.near.start("producer", args, feed(s.input))
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
	case code == 0:
		checkAnswers(s.t, s.input, s.job.stdout.String())
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

// supervise replaces the consumers that have ended, as systemd does.
func (s *soak) supervise() {
	s.t.Helper()
	for i, m := range s.group.members {
		select {
		case <-m.ended:
		default:
			continue
		}
		if code := m.code(); !m.killed && code != 0 && code != 3 && code != 75 && code != 128+int(syscall.SIGTERM) { // before it was ready
			m.wantCode(0)
		}
		s.group.replace(i)
	}
}

// fault makes one random fault.
func (s *soak) fault(args string) {
	s.t.Helper()
	line, member := s.far, s.group.members[s.group.any()]
	if s.random.IntN(2) == 0 {
		line = s.near
	}
	if ended(member) {
		return
	}
	kind := []string{
		"consumers killed", "consumers killed", "consumers stopped", "consumers ended", "consumers ended",
		"producers killed", "server kills", "server restarts", "cuts", "cuts", "frozen lines", "swallowing lines", "slow lines",
	}[s.random.IntN(13)]
	if *soakFlag > longSoak && s.random.IntN(40) == 0 {
		kind = "servers that stood still"
	}
	s.did[kind]++
	long := s.randomTime(0, 1500*time.Millisecond)
	switch kind {
	case "consumers killed":
		s.died = append(s.died, time.Now())
		member.kill()
	case "consumers stopped":
		s.died = append(s.died, time.Now())
		member.signal(syscall.SIGSTOP)
		<-time.After(s.ackWait + long)
		member.signal(syscall.SIGCONT)
	case "consumers ended":
		member.signal(syscall.SIGTERM)
	case "producers killed":
		s.job.kill()
		if j := s.server.job; s.random.IntN(2) == 0 && s.known() && j(s.id).State == "sealed" {
			args = "wait " + s.id
		}
		s.produce(args)
	case "server kills", "server restarts":
		signal := map[string]syscall.Signal{"server kills": syscall.SIGKILL, "server restarts": syscall.SIGTERM}[kind]
		s.stopServer(signal)
		<-time.After(long)
		s.restartServer()
	case "servers that stood still": // until everybody has given the connection up
		s.program.signal(syscall.SIGSTOP)
		<-time.After(pingTimeout + long)
		s.program.signal(syscall.SIGCONT)
		s.stillness += pingTimeout + long
	case "cuts":
		line.cut()
	case "frozen lines":
		line.freeze()
		<-time.After(long)
		line.heal()
	case "swallowing lines":
		line.swallow()
		<-time.After(long)
		line.heal()
	case "slow lines":
		line.slow(20, 50)
		<-time.After(2 * long)
		line.heal()
	}
	if s.broken.IsZero() {
		s.broken = time.Now()
	}
}

func ended(p *program) bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// known reports whether the job was created before its producer was killed.
func (s *soak) known() bool { return s.run("producer", "status "+s.id).code() == 0 }

// recovered records the time from a fault until results arrived again; slowest is the longest.
func (s *soak) recovered() {
	if last := s.sight.lastResult(); !s.broken.IsZero() && last.After(s.broken) {
		s.slowest = max(s.slowest, last.Sub(s.broken))
		s.broken = time.Time{}
	}
}

// report logs the counts of the soak.
func (s *soak) report() {
	s.t.Helper()
	for _, what := range slices.Sorted(maps.Keys(s.did)) {
		s.t.Logf("%5d %s", s.did[what], what)
	}
	// A task is redelivered one ack wait after its worker's last heartbeat. So a fault younger than three
	// quarters of the ack wait is not the cause of a redelivery.
	var detected time.Duration
	s.sight.mu.Lock()
	defer s.sight.mu.Unlock()
	for _, r := range s.sight.returns {
		if !r.died {
			continue
		}
		for _, at := range slices.Backward(s.died) {
			if after := r.at.Sub(at); after > s.ackWait*3/4 {
				detected = max(detected, after)
				break
			}
		}
	}
	s.t.Logf("%d numbers printed, 0 twice, 0 lost; %d results came for them", s.numbers, len(s.sight.results))
	s.t.Logf("results came again at most %v after a fault; a dead worker's task at most %v (ack wait %v)", s.slowest.Round(time.Millisecond), detected.Round(time.Millisecond), s.ackWait)
}
