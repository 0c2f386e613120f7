package fleet

import (
	"context"
	"errors"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// FACTOR_DEAD has three kinds of records, each the first of its writer for its range. Package attempt
// has the rules for when each is written:
//
//	FACTOR.dead.<job>.<range>.sweeper                      given up: final
//	FACTOR.dead.<job>.<range>.<worker>                     the last attempt failed: a worker's claim
//	FACTOR.failed.<job>.<range>.<round>.<attempt>.<worker> an attempt failed, or the last one began
//
// A watcher gives a number up only for the sweeper's letter, and only if the number is neither verified nor
// queued. That is final for this watcher. A worker's letter is one of the failure records from which the holder
// of the job, or the sweeper, decides whether to store the sweeper's letter: see Failures.
//
// Life of a sweeper's letter: stored before the task leaves the queue, or after it has left with a worker's letter;
// read by each watcher of the job; removed by `dead retry`, which queues the numbers again, by `dead rm`, or with the
// job. Both remove the failure records of the number too: else the number would be given up again at once.

// A DeadLetter is a record that a range was given up, or an attempt at it failed, and why. Job, Range and
// Writer come from its subject, which the server has checked; the rest is what the writer claims.
type DeadLetter struct {
	Job          string     `json:"Job"`
	Range        task.Range `json:"Range"`
	Writer       string     `json:"Writer"` // a worker's name, or schema.Sweeper
	Seq          uint64     `json:"Seq"`    // in FACTOR_DEAD
	Begun        bool       `json:"Begun"`  // a last-attempt record: Time is when the attempt began, and it does not say how it ended
	task.Failure            // as the writer claims it
}

// Authoritative reports whether the sweeper wrote the letter. A worker's letter is only a claim.
func (d *DeadLetter) Authoritative() bool { return d.Writer == schema.Sweeper }

// DeadLetters returns the dead letters of a job, or of all jobs for "", oldest first: the sweeper's and those of
// workers.
func (f *Fleet) DeadLetters(ctx context.Context, job string) ([]DeadLetter, error) {
	return f.failures(ctx, schema.DeadPrefix+orAny(job)+".*.*")
}

// GivenUp returns the dead letters of the sweeper of a job, or of all jobs for "", oldest first. Those of workers, who
// may store any number of them of any size, are not read.
func (f *Fleet) GivenUp(ctx context.Context, job string) ([]DeadLetter, error) {
	return f.failures(ctx, schema.DeadPrefix+orAny(job)+".*."+schema.Sweeper)
}

// CountDead returns how many dead letters of the sweeper a job has. An observer may not read them, but may
// count them.
func (f *Fleet) CountDead(ctx context.Context, job string) (int, error) {
	places, err := f.list(ctx, f.dead, schema.DeadPrefix+job+".*."+schema.Sweeper)
	return len(places), err
}

// Attempts returns the records of failed attempts, the last-attempt records and the dead letters of workers, at those
// ranges of a job, or of all jobs for "", that keep selects. They have no numbers.
func (f *Fleet) Attempts(ctx context.Context, job string, keep func(job string, r task.Range) bool) (list []DeadLetter, err error) {
	take := func(d *DeadLetter) {
		if keep(d.Job, d.Range) {
			d.Numbers = nil
			list = append(list, *d)
		}
	}
	err = f.eachFailure(ctx, schema.FailedPrefix+orAny(job)+".*.*.*.*", take)
	if err == nil {
		err = f.eachFailure(ctx, schema.DeadPrefix+orAny(job)+".*.*", func(d *DeadLetter) {
			if !d.Authoritative() {
				take(d)
			}
		})
	}
	return list, err
}

// orAny returns a token of a subject: the job, or "*" for all jobs.
func orAny(job string) string {
	if job == "" {
		return "*"
	}
	return job
}

// failures returns the stored records whose subjects match the filter, oldest first.
func (f *Fleet) failures(ctx context.Context, filter string) ([]DeadLetter, error) {
	var letters []DeadLetter
	err := f.eachFailure(ctx, filter, func(d *DeadLetter) { letters = append(letters, *d) })
	return letters, err
}

// eachFailure calls got with each stored record; got may keep it. A record that cannot be decoded
// is passed on with that as its error.
func (f *Fleet) eachFailure(ctx context.Context, filter string, got func(*DeadLetter)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err := f.followLetters(ctx, filter, func(d *DeadLetter) error { got(d); return nil }, func() { stop(errCaughtUp) })
	if errors.Is(err, errCaughtUp) {
		return nil
	}
	return err
}

// DeadRanges returns the sweeper's dead letters of a job, or of all jobs for "", without their numbers, and the ranges and writers of the
// workers' dead letters, of which only the subjects are listed: a worker may store any number of them, of any size.
//
// It is the last listing of a review, and so lists first and reads only if there is something: order 4 holds for
// the listing as well as for the reading after it.
func (f *Fleet) DeadRanges(ctx context.Context, job string) (final []DeadLetter, claims []FailureRecord, err error) {
	there, err := f.list(ctx, f.dead, schema.DeadPrefix+orAny(job)+".*.*")
	if err != nil {
		return nil, nil, err
	}
	for _, p := range there {
		if p.Worker != schema.Sweeper {
			claims = append(claims, p)
		}
	}
	if len(claims) == len(there) {
		return nil, claims, nil
	}
	err = f.eachFailure(ctx, schema.DeadPrefix+orAny(job)+".*."+schema.Sweeper, func(d *DeadLetter) {
		d.Numbers = nil
		final = append(final, *d)
	})
	return final, claims, err
}
