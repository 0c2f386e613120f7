package fleet

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/collect"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// decide executes the decision about a single number whose attempts have ended without an answer, and whose
// task is not delivered again. It returns after which delay to decide anew; 0 = it is done. Nothing is done for
// a job that has ended. An error wraps errVoid if the job has no such number. round is that in which the number is
// queued again.
func (s *sweeper) decide(ctx context.Context, at schema.Place, round string) (time.Duration, error) {
	j, err := s.job(ctx, at.Job)
	if err != nil || j == nil || j.manifest.Paused { // the number is missing when the job is resumed, and its claims are kept
		return 0, err
	}
	e, err := s.failures.findOf(ctx, j.manifest, j.inputs, at.Range)
	if err != nil {
		return 0, voidWithoutInput(err)
	}
	switch do := e.Decide(); do.Action {
	case attempt.Wait:
		s.failures.logWait(ctx, j.manifest, at.Range, e)
		return do.Delay, nil
	case attempt.GiveUp:
		return 0, voidWithoutInput(s.failures.giveUp(ctx, j.manifest, j.inputs, at.Range, e))
	default:
		if do.Pardon {
			if done, err := s.failures.pardon(ctx, at.Job, at.Range, e); !done {
				return e.AckWait / 4, err
			}
		}
		return 0, s.requeue(ctx, at, do, round)
	}
}

// maxConclusions bounds how many numbers one call of Conclude decides about: a call takes some seconds at most.
const maxConclusions = 1000

// Conclude decides about single numbers of a job that have left the queue with the dead letters of workers:
// each is given up by a dead letter of the sweeper, or queued again in a new round. It decides about the first
// maxConclusions; the caller calls it again for what is left in its next listing. If some have to wait, wait is
// for how long. The holder of the job calls it. To do it twice is harmless.
//
// The workers that come with a number have answered it, and another one is to answer it, too: they do not compute it
// again. If all others have failed it is given up.
func (x *Failures) Conclude(ctx context.Context, j *task.Job, in *Inputs, numbers []collect.Split) (wait time.Duration, err error) {
	again := make(map[attemptsLeft][]task.Range)
	for _, s := range numbers[:min(len(numbers), maxConclusions)] {
		number := s.Range
		e, err := x.findOf(ctx, j, in, number, s.Workers...)
		if err != nil {
			return wait, err
		}
		e.answered = s.Workers
		switch do := e.Decide(); do.Action {
		case attempt.Wait:
			x.logWait(ctx, j, number, e)
			wait = max(wait, do.Delay)
		case attempt.GiveUp:
			if err := x.giveUp(ctx, j, in, number, e); err != nil {
				return wait, err
			}
		default:
			if do.Pardon {
				done, err := x.pardon(ctx, j.ID, number, e)
				if err != nil {
					return wait, err
				}
				if !done {
					wait = max(wait, x.ackWait/4)
					continue
				}
			}
			left := attemptsLeft{do.Spent, strings.Join(s.Workers, ",")}
			again[left] = append(again[left], number)
		}
	}
	round := task.NewRound(time.Now())
	for left, ranges := range again {
		var not []string
		if left.not != "" {
			not = strings.Split(left.not, ",")
		}
		if err := x.f.queueRanges(ctx, j, in, ranges, round, left.spent, not...); err != nil {
			return wait, err
		}
	}
	return wait, nil
}

// attemptsLeft says how a number is queued again.
type attemptsLeft struct {
	spent int    // deliveries
	not   string // workers that have answered it, with commas in between
}

// giveUp stores the sweeper's dead letter of a number. A letter that is there already counts as stored. The
// number comes from the input, never from a worker or from the message of the task.
func (x *Failures) giveUp(ctx context.Context, j *task.Job, in *Inputs, number task.Range, e *finding) error {
	numbers, err := in.Numbers(ctx, number)
	if err != nil {
		return err
	}
	why, elapsed := x.why(ctx, j.ID, number, e)
	letter := &task.Failure{
		Kind: j.Kind, Class: j.Queue(), Numbers: numbers, Budget: j.Budget, Certify: j.Certify,
		Attempt: uint32(attempt.FailuresOf(j.MaxAttempts)), Err: why, Elapsed: elapsed,
		Seen: x.registry.Attempts(j.ID, number), Watched: x.f.now().Add(-x.registry.Observed()),
	}
	return x.f.giveUp(ctx, j.ID, number, letter)
}

// maxNamed bounds the workers that a dead letter names.
const maxNamed = 8

// why returns the reason of a dead letter: the error of the first worker, by name, that has stored one, and the names
// of all workers at which the number failed. A worker that died has stored none.
func (x *Failures) why(ctx context.Context, job string, number task.Range, e *finding) (string, time.Duration) {
	names := slices.Sorted(maps.Keys(e.workers))
	cause, elapsed := x.cause(ctx, job, number, e)
	cause += " (on " + strings.Join(names[:min(len(names), maxNamed)], ", ") + ")"
	if len(e.answered) > 0 {
		cause += "; only " + strings.Join(e.answered, ", ") + " has answered, and two workers are to give the same answer"
	}
	return cause, elapsed
}

// cause returns the error of the first worker, by name, that has stored one, and how long its attempt took.
func (x *Failures) cause(ctx context.Context, job string, number task.Range, e *finding) (string, time.Duration) {
	for _, name := range slices.Sorted(maps.Keys(e.workers)) {
		subjects := []string{schema.DeadSubject(job, number, name)}
		for _, p := range e.workers[name].records {
			if !attempt.IsLastRecord(p.Attempt, e.Most) {
				subjects = append(subjects, schema.FailedSubject(p.Address, p.Attempt, name))
			}
		}
		if !e.workers[name].letter {
			subjects = subjects[1:]
		}
		for _, subject := range subjects {
			if record, err := x.f.failure(ctx, subject); err == nil && record != nil {
				return record.Err, record.Elapsed
			}
		}
	}
	return attempt.GiveUpDetail(schema.MaxDeliver), 0
}
