package fleet

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

	DurableSweeper = "sweeper"
	// Sweeper is the worker token of dead letters that the sweeper writes.
	Sweeper = "sweeper"
)

// Durable returns the name of the durable that hands out the tasks of a class.
func Durable(c task.Class) string { return "workers-" + string(c) }

const (
	inputsPrefix   = "FACTOR.inputs."
	tasksPrefix    = "FACTOR.tasks."
	resultsPrefix  = "FACTOR.results."
	returnsPrefix  = "FACTOR.returns."
	deadPrefix     = "FACTOR.dead."
	failedPrefix   = "FACTOR.failed."
	advisoryPrefix = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES." + StreamTasks + "."
	cancelPrefix   = "FACTOR.ctl.cancel."
	quarantineCtl  = "FACTOR.ctl.quarantine."
	releaseCtl     = "FACTOR.ctl.release."
	statusPrefix   = "FACTOR.status."
)

func inputSubject(job string, r task.Range) string { return inputsPrefix + job + "." + r.String() }

func taskSubject(a task.Address) string {
	return tasksPrefix + string(a.Class) + "." + a.Job + "." + a.Range.String() + "." + a.Round
}

func resultSubject(job string, r task.Range, worker string) string {
	return resultsPrefix + job + "." + r.String() + "." + worker
}

func returnSubject(job string, r task.Range, round, worker string) string {
	return returnsPrefix + job + "." + r.String() + "." + round + "." + worker
}

func deadSubject(job string, r task.Range, worker string) string {
	return deadPrefix + job + "." + r.String() + "." + worker
}

func failedSubject(a task.Address, attempt int, worker string) string {
	return failedPrefix + a.Job + "." + a.Range.String() + "." + a.Round + "." + strconv.Itoa(attempt) + "." + worker
}

// A place is a parsed subject of any of the streams; fields that the subject does
// not carry are empty.
type place struct {
	task.Address
	Worker  string
	Attempt int
}

// parseSubject is the inverse of the functions above. Whoever may publish may
// choose the tokens, so every one of them is checked.
func parseSubject(subject string) (place, error) {
	p := parser{rest: subject}
	switch {
	case p.prefix(tasksPrefix):
		p.class()
		p.job()
		p.chunk()
		p.round()
	case p.prefix(resultsPrefix):
		p.job()
		p.chunk()
		p.worker()
	case p.prefix(inputsPrefix):
		p.job()
		p.chunk()
	case p.prefix(returnsPrefix):
		p.job()
		p.chunk()
		p.round()
		p.worker()
	case p.prefix(deadPrefix):
		p.job()
		p.chunk()
		p.worker()
	case p.prefix(failedPrefix):
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
		return place{}, fmt.Errorf("subject %.100q: %w", subject, p.err)
	}
	return p.place, nil
}

var errSubject = errors.New("not of the fleet's form")

// A parser takes a subject apart from its front. Only its first error counts.
type parser struct {
	place
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
