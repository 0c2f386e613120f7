package job

import (
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
)

// A worker reads neither the input nor the manifest. If a task has other numbers than the input of its job, another
// kind or another budget, because a submitter is broken or hostile, an honest worker computes that task, and states
// what it was (collect.Refused.OtherTask). Such an answer is no strike. The range is queued again as the job has it.
//
// A hostile worker may state it too. So each such answer is a complaint, and the statement is believed as long
// as it may be true: a broken submitter is met by all workers of the job, a liar is alone. The answers are
// strikes if the worker has otherAnswers of them in this job, no other worker has one, and others had as many
// verified results since its first. If half of the tasks were wrong, that would happen to an honest worker with
// a probability of 2^-20. A liar costs some ranges one more round, until it is quarantined.
//
// What counts is tasks, not results: a worker stores what it has finished of a task about every 5 s. So a result that
// took partialTime or longer, and may be one of several of its task, counts a partialShare. A liar who claims such times
// is found out later.
const (
	otherAnswers = 20
	partialShare = 16
	partialTime  = 4 * time.Second
)

// weight returns how much a result counts that took so long, in parts of which partialShare are one.
func weight(elapsed time.Duration) int {
	if elapsed >= partialTime {
		return 1
	}
	return partialShare
}

// maxOtherWorkers bounds the memory of a doubts.
const maxOtherWorkers = 64

// doubts counts the answers to other tasks in one job. It belongs to the goroutine of the checker.
type doubts struct {
	alone    string    // the worker with such answers; "" = none or several
	several  bool      // at least two workers have some: the tasks are wrong
	answers  int       // of alone, see weight
	verified int       // results of other workers than alone since its first one, see weight
	last     []refusal // the last ones of alone, at most fleet.MaxStrikes, that are no strikes yet
	logged   map[string]bool
}

// A refusal is a refused result and its sequence.
type refusal struct {
	*collect.Refused
	seq uint64
}

// verify counts a verified result that took so long.
func (d *doubts) verify(worker string, elapsed time.Duration) {
	if d.alone != "" && worker != d.alone {
		d.verified += weight(elapsed)
	}
}

// add counts an answer to another task.
func (d *doubts) add(r refusal) {
	switch {
	case d.several:
		return
	case d.alone == "":
		*d = doubts{alone: r.Worker, logged: d.logged}
	case d.alone != r.Worker:
		*d = doubts{several: true, logged: d.logged}
		return
	}
	d.answers += weight(r.Elapsed)
	d.last = append(d.last, r)
	if len(d.last) > fleet.MaxStrikes {
		d.last = d.last[1:]
	}
}

// lies returns the answers of a worker that must have been given the right numbers, each once. They are strikes.
func (d *doubts) lies() (list []refusal) {
	if min(d.answers, d.verified) >= otherAnswers*partialShare {
		list, d.last = d.last, nil
	}
	return list
}

// log names the worker, once.
func (d *doubts) log(log zerolog.Logger, refused refusal) {
	event := log.Debug()
	if !d.logged[refused.Worker] && len(d.logged) < maxOtherWorkers {
		if d.logged == nil {
			d.logged = make(map[string]bool)
		}
		d.logged[refused.Worker] = true
		event = log.Warn()
	}
	event.Err(refused.Err).Msg("a task was not that of its job, or its worker lies: the range is requeued")
}
