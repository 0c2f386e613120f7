package test

import (
	"syscall"
	"time"
)

// The faults of TestSoak.

// soakFaults are the kinds of faults; a kind that is there twice is twice as frequent.
var soakFaults = []string{
	"workers killed", "workers killed", "workers stopped", "workers ended", "workers ended", "producers killed",
	"supervisors killed", "supervisors killed", "server kills", "server restarts",
	"cuts", "cuts", "frozen lines", "swallowing lines", "slow lines", "keys revoked",
}

// fault makes one random fault, unless the time is over.
func (s *soak) fault(args string) {
	s.t.Helper()
	line, member := s.far, s.group.members[s.group.any()]
	if s.random.IntN(2) == 0 {
		line = s.near
	}
	kind := soakFaults[s.random.IntN(len(soakFaults))]
	if *soakFlag > longSoak && s.random.IntN(40) == 0 {
		kind = "servers that stood still"
	}
	if time.Now().After(s.end) || ended(member) || kind == "producers killed" && s.job == nil {
		return
	}
	s.did[kind]++
	long := s.randomTime(0, 1500*time.Millisecond)
	switch kind {
	case "workers killed":
		s.died = append(s.died, time.Now())
		member.kill()
	case "workers stopped":
		s.died = append(s.died, time.Now())
		member.signal(syscall.SIGSTOP)
		<-time.After(s.ackWait + long)
		member.signal(syscall.SIGCONT)
	case "workers ended":
		member.signal(syscall.SIGTERM)
	case "producers killed":
		s.killProducer(args)
	case "supervisors killed":
		s.supervisors[s.random.IntN(len(s.supervisors))].kill()
	case "keys revoked":
		s.hostile.renew()
		s.guard.reload()
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
	default:
		s.breakServer(kind, long)
	}
	if s.broken.IsZero() {
		s.broken = time.Now()
	}
}

// killProducer kills the producer and starts another one, which submits the same input or waits.
func (s *soak) killProducer(args string) {
	s.t.Helper()
	s.job.kill()
	if s.random.IntN(2) == 0 && s.known() && s.server.job(s.id).State == "sealed" {
		args = "wait " + s.id
	}
	s.produce(args)
}

// known reports whether the job was created before its producer was killed.
func (s *soak) known() bool { return s.run("producer", "status "+s.id).code() == 0 }

// breakServer ends the server for a while, or stops it until all connections are given up.
func (s *soak) breakServer(kind string, long time.Duration) {
	s.t.Helper()
	switch kind {
	case "server kills", "server restarts":
		signal := map[string]syscall.Signal{"server kills": syscall.SIGKILL, "server restarts": syscall.SIGTERM}[kind]
		s.stopServer(signal)
		<-time.After(long)
		s.restartServer()
		s.guard.program = s.program // that a reload signals
	case "servers that stood still":
		s.program.signal(syscall.SIGSTOP)
		<-time.After(pingTimeout + long)
		s.program.signal(syscall.SIGCONT)
		s.stillness += pingTimeout + long
	}
}

// recovered records the time from a fault until results arrived again; slowest is the longest.
func (s *soak) recovered() {
	if last := s.sight.lastResult(); !s.broken.IsZero() && last.After(s.broken) {
		s.slowest = max(s.slowest, last.Sub(s.broken))
		s.broken = time.Time{}
	}
}
