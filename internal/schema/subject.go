// Package schema has the names of a fleet as data: its subjects, streams, buckets and durables,
// how they are set up, the roles, and what each of them may do. It knows no client of NATS, so
// whoever needs a name pulls in nothing else.
package schema

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"factorfleet/internal/task"
)

// Names of the streams, buckets and durables.
const (
	StreamInputs  = "FACTOR_INPUTS"
	StreamTasks   = "FACTOR_TASKS"
	StreamResults = "FACTOR_RESULTS"
	StreamReturns = "FACTOR_RETURNS"
	StreamDead    = "FACTOR_DEAD"

	BucketJobs    = "FACTOR_JOBS"
	BucketLeases  = "FACTOR_LEASES"
	BucketWorkers = "FACTOR_WORKERS"

	// DurableSweeper is the durable of FACTOR_RETURNS.
	DurableSweeper = "sweeper"
	// Sweeper is the worker token of dead letters that the sweeper writes.
	Sweeper = "sweeper"
)

// Durable returns the name of the durable that hands out the tasks of a class.
func Durable(c task.Class) string { return "workers-" + string(c) }

// The beginnings of the subjects, each with its last dot. ParseSubject shows what follows.
const (
	InputsPrefix  = "FACTOR.inputs."
	TasksPrefix   = "FACTOR.tasks."
	ResultsPrefix = "FACTOR.results."
	ReturnsPrefix = "FACTOR.returns."
	DeadPrefix    = "FACTOR.dead."
	FailedPrefix  = "FACTOR.failed."

	// AdvisoryPrefix is before the name of a durable that hands a task out no more.
	AdvisoryPrefix = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES." + StreamTasks + "."

	CancelPrefix  = "FACTOR.ctl.cancel."     // before a job: an order to drop it
	QuarantineCtl = "FACTOR.ctl.quarantine." // before a worker: it is quarantined
	ReleaseCtl    = "FACTOR.ctl.release."    // before a worker: it is no more
	StatusPrefix  = "FACTOR.status."         // before a worker: a request for its status
)

// BucketStream returns the name of the stream behind a key-value bucket.
func BucketStream(bucket string) string { return "KV_" + bucket }

// KeyPrefix returns what the subjects of a bucket's keys begin with, with its last dot.
func KeyPrefix(bucket string) string { return "$KV." + bucket + "." }

// InputSubject returns the subject of a block of input.
func InputSubject(job string, r task.Range) string { return InputsPrefix + job + "." + r.String() }

// TaskSubject returns the subject of a task.
func TaskSubject(a task.Address) string {
	return TasksPrefix + string(a.Class) + "." + a.Job + "." + a.Range.String() + "." + a.Round
}

// ResultSubject returns the subject of a worker's result of a range.
func ResultSubject(job string, r task.Range, worker string) string {
	return ResultsPrefix + job + "." + r.String() + "." + worker
}

// ReturnSubject returns the subject under which a worker hands a range of a round back.
func ReturnSubject(job string, r task.Range, round, worker string) string {
	return ReturnsPrefix + job + "." + r.String() + "." + round + "." + worker
}

// DeadSubject returns the subject of the dead letter of a range; worker is its writer.
func DeadSubject(job string, r task.Range, worker string) string {
	return DeadPrefix + job + "." + r.String() + "." + worker
}

// FailedSubject returns the subject of the record of a failed attempt, or of a last attempt that
// has begun. Attempts count from 1.
func FailedSubject(a task.Address, attempt int, worker string) string {
	return FailedPrefix + a.Job + "." + a.Range.String() + "." + a.Round + "." + strconv.Itoa(attempt) + "." + worker
}

// A Place is a parsed subject of any of the streams; fields that the subject does
// not carry are empty.
type Place struct {
	task.Address
	Worker  string
	Attempt int
}

// ParseSubject is the inverse of the functions above. Whoever may publish may
// choose the tokens, so every one of them is checked.
func ParseSubject(subject string) (Place, error) {
	p := parser{rest: subject}
	switch {
	case p.prefix(TasksPrefix):
		p.class()
		p.job()
		p.chunk()
		p.round()
	case p.prefix(ResultsPrefix):
		p.job()
		p.chunk()
		p.worker()
	case p.prefix(InputsPrefix):
		p.job()
		p.chunk()
	case p.prefix(ReturnsPrefix):
		p.job()
		p.chunk()
		p.round()
		p.worker()
	case p.prefix(DeadPrefix):
		p.job()
		p.chunk()
		p.worker()
	case p.prefix(FailedPrefix):
		p.job()
		p.chunk()
		p.round()
		p.attempt()
		p.worker()
	default:
		p.check(errSubject)
	}
	if p.more || p.rest != "" {
		p.check(errSubject)
	}
	if p.err != nil {
		return Place{}, fmt.Errorf("subject %.100q: %w", subject, p.err)
	}
	return p.Place, nil
}

var errSubject = errors.New("not of the fleet's form")

// A parser takes a subject apart from its front. Only its first error counts.
type parser struct {
	Place
	rest string
	more bool // a token must follow: a dot was read
	err  error
}

func (p *parser) check(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *parser) prefix(s string) bool {
	rest, ok := strings.CutPrefix(p.rest, s)
	if ok {
		p.rest, p.more = rest, true
	}
	return ok
}

func (p *parser) token() (token string) {
	if !p.more {
		p.check(errSubject)
	}
	token, p.rest, p.more = strings.Cut(p.rest, ".")
	return token
}

func (p *parser) job() {
	p.Job = p.token()
	p.check(task.CheckJob(p.Job))
}

func (p *parser) chunk() {
	r, err := task.ParseRange(p.token())
	p.Range = r
	p.check(err)
}

func (p *parser) round() {
	p.Round = p.token()
	p.check(task.CheckRound(p.Round))
}

func (p *parser) worker() {
	p.Worker = p.token()
	p.check(task.CheckWorker(p.Worker))
}

func (p *parser) class() {
	p.Class = task.Class(p.token())
	p.check(task.CheckClass(p.Class))
}

func (p *parser) attempt() {
	token := p.token()
	n, err := strconv.Atoi(token)
	if err == nil && (n < 1 || strconv.Itoa(n) != token) {
		err = errSubject
	}
	p.Attempt = n
	p.check(err)
}
