package fleet

import (
	"context"
	"errors"
	"slices"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// FACTOR_DEAD has three kinds of records, each the first of its writer for its range. Package attempt
// has the rules for when each is written:
//
//	FACTOR.dead.<job>.<range>.sweeper                      given up: final
//	FACTOR.dead.<job>.<range>.<worker>                     given up: a worker's claim
//	FACTOR.failed.<job>.<range>.<round>.<attempt>.<worker> an attempt failed, or the last one began
//
// A watcher gives a number up for either kind of dead letter, but only if the number is neither verified
// nor queued, and never for the letter of a quarantined worker. That is final for this watcher. Of several
// letters for one range the sweeper's counts, which is why DeadRanges returns those first. The error text
// of a worker is shown as that worker's claim.
//
// Life of a dead letter: stored before its task leaves the queue; read by each watcher of the job;
// removed by `dead retry`, which queues the numbers again, by `dead rm`, or with the job.

// A DeadLetter is a record that a range was given up, or an attempt at it failed, and why. Job, Range and
// Writer come from its subject, which the server has checked; the rest is what the writer claims.
type DeadLetter struct {
	Job          string
	Range        task.Range
	Writer       string // a worker's name, or schema.Sweeper
	Seq          uint64 // in FACTOR_DEAD
	task.Failure        // as the writer claims it
}

// Authoritative reports whether the sweeper wrote the letter. A worker's letter is only a claim.
func (d *DeadLetter) Authoritative() bool { return d.Writer == schema.Sweeper }

// DeadLetters returns the dead letters of a job, or of all jobs for "", oldest first.
func (f *Fleet) DeadLetters(ctx context.Context, job string) ([]DeadLetter, error) {
	return f.failures(ctx, schema.DeadPrefix+orAny(job)+".*.*")
}

// CountDead returns how many dead letters a job has. An observer may not read them, but may count
// them.
func (f *Fleet) CountDead(ctx context.Context, job string) (int, error) {
	places, err := f.list(ctx, f.dead, schema.DeadPrefix+job+".*.*")
	return len(places), err
}

// Attempts returns the records of failed attempts at a job, or at all jobs for "", oldest first.
// Last-attempt records are left out: they say that an attempt has begun, and the dead letter says
// how it ended.
func (f *Fleet) Attempts(ctx context.Context, job string) ([]DeadLetter, error) {
	list, err := f.failures(ctx, schema.FailedPrefix+orAny(job)+".*.*.*.*")
	return slices.DeleteFunc(list, func(d DeadLetter) bool { return d.Attempt >= schema.MaxDeliver }), err
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
	err := f.link.Follow(ctx, stream.Source{Stream: schema.StreamDead, Filter: filter}, func(batch []stream.Message, _ uint64) error {
		for _, m := range batch {
			p, err := schema.ParseSubject(m.Subject)
			if err != nil {
				continue
			}
			letter := DeadLetter{Job: p.Job, Range: p.Range, Writer: p.Worker, Seq: m.Seq}
			failure, err := task.DecodeFailure(m.Data)
			if err != nil {
				failure = &task.Failure{Worker: p.Worker, Err: "unreadable record: " + err.Error()}
			}
			letter.Failure = *failure
			got(&letter)
		}
		return nil
	}, func() { stop(errCaughtUp) })
	if errors.Is(err, errCaughtUp) {
		return nil
	}
	return err
}

// maxDeadRanges bounds the claims that DeadRanges returns: workers may write any number.
const maxDeadRanges = 100_000

// DeadRanges returns the dead letters of a job without their numbers, authoritative ones first. It is the
// last listing of a review, and so lists first and reads only if there is something: order 4 holds for
// the listing as well as for the reading after it.
func (f *Fleet) DeadRanges(ctx context.Context, job string) ([]DeadLetter, error) {
	there, err := f.list(ctx, f.dead, schema.DeadPrefix+job+".*.*")
	if err != nil || len(there) == 0 { // there are none nearly always, and listing is cheap
		return nil, err
	}
	var letters []DeadLetter
	err = f.eachFailure(ctx, schema.DeadPrefix+job+".*.*", func(d *DeadLetter) {
		if d.Range.Count > task.MaxCount || len(letters) == maxDeadRanges && !d.Authoritative() {
			return // forged: no chunk is so large
		}
		d.Numbers = nil
		letters = append(letters, *d)
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(letters, func(a, b DeadLetter) int {
		switch {
		case a.Authoritative() == b.Authoritative():
			return 0
		case a.Authoritative():
			return -1
		}
		return 1
	})
	return letters, nil
}
