package test

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// The flags of a supervisor that logs what the tests wait for, and lines of its log.
const (
	serving = "--listen none --log-level debug"
	solving = "enough relations: the linear algebra begins"
	divided = "a divisor of the composite was found"
)

// A stoppedOwner is a consumer that has the number of a job, says so, and is stopped by SIGSTOP, so that only others
// sieve the number. Its server must have a long ack wait.
type stoppedOwner struct {
	*program
	s      *server
	job    string
	number *big.Int
	beaten time.Time // when it has published its last heartbeat, at the latest
}

// stopOwner starts the consumer owner-JOB, submits a number of so many digits as the only one of a job, and stops the
// consumer when it names the number in a heartbeat. Requires that no other slot is idle.
func (s *server) stopOwner(job string, digits int) *stoppedOwner {
	s.t.Helper()
	o := &stoppedOwner{s: s, job: job, number: twoPrimes(s.t, digits)}
	o.program = s.consumer("-n 1 --name owner-" + job)
	s.run("producer", "submit --detach --campaign always --reuse=false --id "+job, feed(o.number.String()+"\n")).wantCode(0)
	eventually(s.t, "the owner names the number", func() bool { return strings.Contains(o.heartbeat(), o.number.String()) })
	o.stop()
	return o
}

func (o *stoppedOwner) stop() {
	o.t.Helper()
	o.signal(syscall.SIGSTOP)
	o.beaten = time.Now()
}

// heartbeat returns the last heartbeat of the owner and its sequence, as text; "" if there is none.
func (o *stoppedOwner) heartbeat() string {
	o.t.Helper()
	m, err := o.s.stream(schema.BucketStream(schema.BucketWorkers)).
		GetLastMsgForSubject(o.t.Context(), schema.KeyPrefix(schema.BucketWorkers)+"owner-"+o.job+".*")
	if err != nil {
		return ""
	}
	return strconv.FormatUint(m.Sequence, 10) + " " + string(m.Data)
}

// remind has the owner publish a heartbeat if its last one is 10 s old. Supervisors learn of the number by heartbeats,
// which are stored for 30 s.
func (o *stoppedOwner) remind() {
	o.t.Helper()
	if time.Since(o.beaten) < 10*time.Second {
		return
	}
	before := o.heartbeat()
	o.signal(syscall.SIGCONT)
	eventually(o.t, "the owner says that it is alive", func() bool { return o.heartbeat() != before })
	o.stop()
}

// answers lets the owner continue, and checks the answer of its job.
func (o *stoppedOwner) answers() {
	o.t.Helper()
	o.signal(syscall.SIGCONT)
	eventually(o.t, "job "+o.job+" is done", func() bool { return o.s.state(o.job) == task.Done })
	checkAnswers(o.t, o.number.String()+"\n", o.s.run("producer", "results "+o.job).wantCode(0).wantStderr("").stdout.String())
}

// A campaignReport is what `producer status JOB --json` says of a campaign.
type campaignReport struct {
	Part, Holder, State, Phase string
	Relations, Tasks, Workers  int
}

// campaign returns the report of the first campaign of a job; empty if there is none.
func (s *server) campaign(job string) (c campaignReport) {
	s.t.Helper()
	if list := report[struct{ Campaigns []campaignReport }](s, "status "+job).Campaigns; len(list) > 0 {
		c = list[0]
	}
	return c
}

// logged returns the number that a program has logged in a field of the line with that text.
func (p *program) logged(text, field string) int {
	p.t.Helper()
	match := regexp.MustCompile(regexp.QuoteMeta(text) + `.* ` + field + `=(\d+)`).FindStringSubmatch(p.stderr.String())
	if match == nil {
		p.t.Fatalf("%s: no %s in a line with %q:\n%.5000s", p.line, field, text, p.stderr.String())
	}
	n, err := strconv.Atoi(match[1])
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// checkRefusals checks that a supervisor has counted all relations that workers have sent, and that no campaign has failed.
func (p *program) checkRefusals() {
	p.t.Helper()
	refusals := regexp.MustCompile(`(?m)^.*(refused|dropped|has failed|quarantined|finishes alone).*$`)
	if lines := refusals.FindAllString(p.stderr.String(), -1); len(lines) > 0 {
		p.t.Errorf("%s: %q", p.line, lines)
	}
}
