// Package schema defines the names of a fleet as data: subjects, streams, buckets and durables with
// their settings, and the roles with their permissions. It imports no client of NATS, so that a package
// which only needs a name does not depend on one.
//
//	subject.go              subjects: render and parse
//	streams.go, kv.go       settings of streams, durables and buckets
//	roles.go, accounts.go   who may publish and subscribe to which subject
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

	StreamCache = "FACTOR_CACHE"

	BucketJobs    = "FACTOR_JOBS"
	BucketLeases  = "FACTOR_LEASES"
	BucketWorkers = "FACTOR_WORKERS"

	// DurableSweeper is the name of the durable of FACTOR_RETURNS.
	DurableSweeper = "sweeper"
	// CacheWriter takes the place of the worker's name in the subjects of answers that a producer has read from
	// FACTOR_CACHE. They are verified as those of any worker.
	CacheWriter = "cache"
	// Sweeper takes the place of the worker's name in the subjects of the sweeper's dead letters.
	Sweeper = "sweeper"
)

// Durable returns the name of the durable that delivers the tasks of a class.
func Durable(c task.Class) string { return durablePrefix + string(c) }

// DurableClass is the inverse of Durable; ok is false for a name that is none of a durable of FACTOR_TASKS.
func DurableClass(durable string) (c task.Class, ok bool) {
	name, ok := strings.CutPrefix(durable, durablePrefix)
	return task.Class(name), ok && task.CheckClass(task.Class(name)) == nil
}

const durablePrefix = "workers-"

// Prefixes of the subjects, each with its last dot. These tokens follow:
//
//	inputs     <job>.<range>
//	tasks      <class>.<job>.<range>.<round>
//	results    <job>.<range>.<worker>
//	returns    <job>.<range>.<round>.<worker>
//	dead       <job>.<range>.<worker>
//	failed     <job>.<range>.<round>.<attempt>.<worker>
//	cache      <key>, see package factored
const (
	InputsPrefix  = "FACTOR.inputs."
	TasksPrefix   = "FACTOR.tasks."
	ResultsPrefix = "FACTOR.results."
	ReturnsPrefix = "FACTOR.returns."
	DeadPrefix    = "FACTOR.dead."
	FailedPrefix  = "FACTOR.failed."
	CachePrefix   = "FACTOR.cache."

	// AdvisoryPrefix begins the server's report that the deliveries of a task are exhausted. The name
	// of the durable follows.
	AdvisoryPrefix = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES." + StreamTasks + "."

	CancelPrefix     = "FACTOR.ctl.cancel."     // <job>: an order to drop the tasks of the job
	FinishPrefix     = "FACTOR.ctl.finish."     // <job>: an order to end the numbers of the job with what is known of them
	QuarantinePrefix = "FACTOR.ctl.quarantine." // <worker>: the worker is quarantined
	ReleasePrefix    = "FACTOR.ctl.release."    // <worker>: the quarantine has ended
	HintPrefix       = "FACTOR.ctl.hint."       // <worker>: what a campaign knows of a number that the worker has: a task.Hint
	PullOrder        = "FACTOR.ctl.pull"        // the server may have forgotten pull requests that wait: send new ones
	RoutesOrder      = "FACTOR.ctl.routes"      // the payload names the classes with a route that have a durable, one a line
	StatusPrefix     = "FACTOR.status."         // <worker>: a request for its status
)

// InputSubject returns the subject of a block of input.
func InputSubject(job string, r task.Range) string { return InputsPrefix + job + "." + r.String() }

// TaskSubject returns the subject of a task.
func TaskSubject(a task.Address) string {
	return TasksPrefix + string(a.Class) + "." + a.Job + "." + a.Range.String() + "." + a.Round
}

// ResultSubject returns the subject of a worker's result for a range.
func ResultSubject(job string, r task.Range, worker string) string {
	return ResultsPrefix + job + "." + r.String() + "." + worker
}

// ReturnSubject returns the subject of a range that a worker hands back. round is that of its task.
func ReturnSubject(job string, r task.Range, round, worker string) string {
	return ReturnsPrefix + job + "." + r.String() + "." + round + "." + worker
}

// DeadSubject returns the subject of the dead letter of a range. worker is its author: a worker, or
// Sweeper.
func DeadSubject(job string, r task.Range, worker string) string {
	return DeadPrefix + job + "." + r.String() + "." + worker
}

// FailedSubject returns the subject of the record of a failed attempt, or of a last attempt that has
// begun. Attempts count from 1.
func FailedSubject(a task.Address, attempt int, worker string) string {
	return FailedPrefix + a.Job + "." + a.Range.String() + "." + a.Round + "." + strconv.Itoa(attempt) + "." + worker
}

// A Place is a parsed subject of one of the streams. Fields that the subject does not have are empty.
type Place struct {
	task.Address
	Worker  string
	Attempt int
}

// ParseSubject is the inverse of the functions above. It checks every token, because a client that may
// publish to a stream chooses the tokens. Each message has exactly one subject that is accepted: for
// example, numbers have no leading zeros.
func ParseSubject(subject string) (Place, error) {
	p := parser{rest: subject}
	if !p.parse() {
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

// forms has the tokens that follow each prefix.
var forms = []struct {
	prefix string
	tokens []func(*parser)
}{
	{TasksPrefix, []func(*parser){(*parser).class, (*parser).job, (*parser).chunk, (*parser).round}},
	{ResultsPrefix, []func(*parser){(*parser).job, (*parser).chunk, (*parser).worker}},
	{InputsPrefix, []func(*parser){(*parser).job, (*parser).chunk}},
	{ReturnsPrefix, []func(*parser){(*parser).job, (*parser).chunk, (*parser).round, (*parser).worker}},
	{DeadPrefix, []func(*parser){(*parser).job, (*parser).chunk, (*parser).worker}},
	{FailedPrefix, []func(*parser){(*parser).job, (*parser).chunk, (*parser).round, (*parser).attempt, (*parser).worker}},
}

var errSubject = errors.New("not a subject of the fleet")

// A parser reads a subject token by token. It keeps its first error.
type parser struct {
	Place
	rest string
	more bool // a dot was read, so a token must follow
	err  error
}

// parse reads a subject of one of the forms. It returns false if the prefix is of none.
func (p *parser) parse() bool {
	for _, form := range forms {
		if p.prefix(form.prefix) {
			for _, read := range form.tokens {
				read(p)
			}
			return true
		}
	}
	return false
}

// check keeps err if it is the first error.
func (p *parser) check(err error) {
	if p.err == nil {
		p.err = err
	}
}

// prefix reads s, which ends with a dot, if the rest begins with it.
func (p *parser) prefix(s string) bool {
	rest, ok := strings.CutPrefix(p.rest, s)
	if ok {
		p.rest, p.more = rest, true
	}
	return ok
}

// token reads up to the next dot or the end.
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
