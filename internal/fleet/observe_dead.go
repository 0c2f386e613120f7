package fleet

import (
	"context"
	"errors"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// FollowGivenUp calls got with the dead letters of the sweeper, of all jobs, those stored and those that come later, until
// ctx ends, which returns its cause. got may keep a letter. caughtUp is called once, after those that were stored. A letter
// that was removed is not reported. The functions are called by the caller's goroutine.
func (f *Fleet) FollowGivenUp(ctx context.Context, got func(*DeadLetter), caughtUp func()) error {
	return f.followLetters(ctx, schema.DeadPrefix+"*.*."+schema.Sweeper, func(d *DeadLetter) error { got(d); return nil }, caughtUp)
}

// errEnough ends a reading early.
var errEnough = errors.New("enough was read")

// AttemptsAt returns the records of failed attempts, the last-attempt records and the dead letters of workers at one range of
// a job, the oldest first, without their numbers. Of each of the two kinds of subjects it reads so many, at most.
func (f *Fleet) AttemptsAt(ctx context.Context, job string, r task.Range, most int) (list []DeadLetter, err error) {
	at := job + "." + r.String()
	for _, filter := range []string{schema.FailedPrefix + at + ".*.*.*", schema.DeadPrefix + at + ".*"} {
		n := 0
		limited, stop := context.WithCancelCause(ctx)
		err := f.followLetters(limited, filter, func(d *DeadLetter) error {
			if n++; n > most {
				return errEnough
			}
			if !d.Authoritative() {
				d.Numbers = nil
				list = append(list, *d)
			}
			return nil
		}, func() { stop(errCaughtUp) })
		stop(nil)
		if !errors.Is(err, errCaughtUp) && !errors.Is(err, errEnough) {
			return list, err
		}
	}
	return list, nil
}

// followLetters follows records of FACTOR_DEAD. A record that cannot be decoded is passed on with that as its error.
func (f *Fleet) followLetters(ctx context.Context, filter string, got func(*DeadLetter) error, caughtUp func()) error {
	return f.link.Follow(ctx, stream.Source{Stream: schema.StreamDead, Filter: filter}, func(batch []stream.Message, _ uint64) error {
		for _, m := range batch {
			if d := letterOf(m); d != nil {
				if err := got(d); err != nil {
					return err
				}
			}
		}
		return nil
	}, caughtUp)
}

// letterOf decodes a record; nil if its subject is not one.
func letterOf(m stream.Message) *DeadLetter {
	p, err := schema.ParseSubject(m.Subject)
	if err != nil {
		return nil
	}
	letter := &DeadLetter{Job: p.Job, Range: p.Range, Writer: p.Worker, Seq: m.Seq, Begun: p.Attempt == schema.MaxDeliver}
	failure, err := task.DecodeFailure(m.Data)
	if err != nil {
		failure = &task.Failure{Worker: p.Worker, Err: "unreadable record: " + err.Error()}
	}
	letter.Failure = *failure
	return letter
}
