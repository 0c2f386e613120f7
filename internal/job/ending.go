package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	figure "factorfleet/internal/text"
)

// An ending is how a job, or this process's part in it, came to its end:
//
//	kind          comes from                                      the error wraps
//	complete      the loop, see isComplete                        none
//	fed           inputSealed, for Feed                           none
//	shown         the review of Results                           none
//	interrupted   the caller: a signal, a deadline, a refusal     the cause of its context
//	cancelled     the manifest, or a change of it by the feeder   ErrCancelled
//	removed       the same, or a request that finds no manifest   fleet.ErrNoJob
//	inputLost     a block that cannot be read, see fleet.Inputs;  ErrInputLost
//	              the reviewer, the feeder
//	beyondRepair  the checker                                     ErrBeyondRepair
//	outputFailed  Emit or Flush                                   ErrOutput
//	disconnected  any goroutine of the loop                       natsconn.ErrClosed
//	failed        the feeder: the input differs, or the server    that error
//	              has refused a request that no retry can repair
//
// Package command gives each error its exit code.
type ending struct {
	kind endKind
	err  error // for the caller; nil if the process did what it was asked for
}

// An endKind is a kind of ending; the table above has what each comes from.
type endKind uint8

const (
	failed       endKind = iota // any other error
	complete                    // each number of the sealed job has an answer or is given up
	fed                         // all input is stored and queued, and no more was asked for
	shown                       // the answers that exist now are printed, and no more was asked for
	interrupted                 // the caller's context ended
	cancelled                   // a user cancelled the job
	removed                     // a user removed the job, or it has expired
	inputLost                   // the server has lost stored numbers
	beyondRepair                // too many results for one range were refused
	outputFailed                // Emit or Flush failed
	disconnected                // the connection was closed for good
	endKinds
)

// An aftermath is what a process does with the streams once its loop has ended.
type aftermath uint8

const (
	leave     aftermath = iota // nothing: other processes continue the job
	recordEnd                  // write state and counts into the manifest, empty the queue, remove what is not kept
	stopWork                   // tell the workers to drop the job, and empty the queue
	countLeft                  // read which numbers are left, for the error message
)

// An endRule is what holds for all endings of a kind.
type endRule struct {
	// final endings hold even if the caller's context has ended too: the process has done what it was
	// asked for.
	final bool
	then  aftermath
	// cause is the error of the kind: errors that wrap it lead to this kind, and the caller gets one
	// that wraps it. nil = there is none.
	cause error
}

// endRules has the rule of each kind. An ending that is not final gives way to the end of the caller's
// context: the user has interrupted the process, and the errors that follow from it do not matter.
var endRules = [endKinds]endRule{
	failed:       {},
	complete:     {final: true, then: recordEnd},
	fed:          {final: true},
	shown:        {final: true},
	interrupted:  {},
	cancelled:    {then: stopWork, cause: ErrCancelled},
	removed:      {cause: fleet.ErrNoJob},
	inputLost:    {then: countLeft, cause: ErrInputLost},
	beyondRepair: {cause: ErrBeyondRepair},
	outputFailed: {cause: ErrOutput},
	disconnected: {cause: natsconn.ErrClosed},
}

// endingOf returns the ending that an error leads to: failed unless the error wraps the cause of
// another kind.
func endingOf(err error) ending {
	// An error of the output may wrap any other error, so that it is looked for first.
	for _, kind := range []endKind{outputFailed, beyondRepair, cancelled, removed, inputLost, disconnected} {
		if errors.Is(err, endRules[kind].cause) {
			return ending{kind, err}
		}
	}
	return ending{failed, err}
}

// manifestEnding returns the ending that a manifest states, if it states one that ends every process's
// part in the job. Done is none: a process that has begun to print prints all answers. A job that is cancelled and then
// removed was cancelled, although a process may see the tombstone only; so was one that is removed while it is active,
// because a full store has no room for two manifests.
func manifestEnding(j *task.Job) (ending, bool) {
	switch {
	case j.State == task.Cancelled || j.State == task.Removed && j.Stopped:
		if j.Deadline != nil && j.Note != "" {
			return ending{cancelled, fmt.Errorf("%w: %s", cancelledError(j.ID), j.Note)}, true
		}
		return ending{cancelled, cancelledError(j.ID)}, true
	case j.State == task.Removed:
		return ending{removed, removedError(j.ID)}, true
	}
	return ending{}, false
}

func cancelledError(id string) error { return fmt.Errorf("job %s was %w", id, ErrCancelled) }

func removedError(id string) error { return fmt.Errorf("%w: %s was removed", fleet.ErrNoJob, id) }

// inputLostError says how much of a job's input is left: the first left of count numbers.
func inputLostError(j *task.Job, count, left uint64) error {
	return fmt.Errorf("%w: of the %s of job %s only the first %s are stored", ErrInputLost, figure.Count(count, task.Noun(j.Kind)), j.ID, figure.Thousands(left))
}

// conclude does with the streams what an ending other than complete needs, and returns the error for
// the caller. Requires that run has returned: then this process queues nothing any more, and what it
// has queued after the job was cancelled is removed.
func (s *streams) conclude(ctx context.Context, l *loop, end ending) error {
	switch endRules[end.kind].then {
	case stopWork:
		if err := s.fleet.Retry(ctx, func() error { return s.fleet.StopWork(ctx, s.id) }); err != nil {
			l.watch.Log.Debug().Err(err).Msg("cannot empty the queue of a cancelled job")
		}
	case countLeft:
		return s.countLeft(ctx, l.job, end.err)
	}
	return end.err
}

// countLeft returns the error that says which numbers are left, or err if that cannot be seen
// within an election.
func (s *streams) countLeft(ctx context.Context, j *task.Job, err error) error {
	ctx, cancel := context.WithTimeout(ctx, s.election())
	defer cancel()
	count := max(j.Count, s.stored())
	if e := s.inputs.Reload(ctx); e == nil && s.stored() < count {
		return inputLostError(j, count, s.stored())
	}
	return err
}

// recordEnd writes into the manifest that the job is done, and empties its queue, in which repeated
// tasks may be left. Requires that run has returned, with the ending complete. The submitter of a job
// that is not kept removes it if it ended without defects. No other process does: the submitter may
// still be printing.
//
// Several processes can come here at the same time. The first one records the end, and the others find
// it recorded. They empty the queue too if they have requeued ranges, perhaps after the first one had
// emptied it.
func (s *streams) recordEnd(ctx context.Context, l *loop) (*Summary, error) {
	sum := l.summary()
	if l.watch.Private {
		return sum, nil
	}
	defer l.awaitKept(ctx)
	refuted := make(chan struct{})
	go func() {
		defer close(refuted)
		if l.holding {
			s.refuteLast(ctx, l)
		}
	}()
	removed, err := s.endRemoved(ctx, l, sum)
	if !removed && err == nil {
		err = s.endKept(ctx, l, sum)
	}
	<-refuted // it reads what is removed now
	if removed {
		err = s.retry(ctx, l.watch, func() error { return s.fleet.PurgeAnswered(ctx, s.id) })
	}
	return sum, err
}

// endRemoved writes the tombstone of a job that is not kept, if this process is its submitter and the job has ended
// without defects. It returns false and no error if that is not so. A tombstone that is there already is as good: this
// process has written it and the answer was lost, or another one has, when all answers were printed here.
func (s *streams) endRemoved(ctx context.Context, l *loop, sum *Summary) (removed bool, _ error) {
	if !l.hasFeeder || l.job.Keep != 0 || !sum.Clean() {
		return false, nil
	}
	err := s.retry(ctx, l.watch, func() error {
		_, err := s.fleet.EndRemoved(ctx, s.id, func(j *task.Job) error {
			if removed = j.State == task.Removed; removed {
				return errEndRecorded
			}
			if j.State != task.Sealed && j.State != task.Done || j.Count != sum.Job.Count || j.Keep != 0 {
				return errEndRecorded
			}
			if j.State == task.Sealed {
				markDone(j, sum, s.fleet.Now(ctx))
			}
			sum.Job = *j
			return nil
		})
		return err
	})
	if errors.Is(err, errEndRecorded) {
		return removed, nil
	}
	return err == nil, err
}

// endKept writes the end of a job that may be kept, and empties the queue.
func (s *streams) endKept(ctx context.Context, l *loop, sum *Summary) error {
	keep := l.job.Keep
	j, err := s.writeEnd(ctx, l.watch, sum)
	full := errors.Is(err, stream.ErrFull)
	switch {
	case full:
	case err != nil && !errors.Is(err, errEndRecorded):
		return err
	default:
		keep = j.Keep
		// A server that was cut off from its cluster may not know yet that the job is sealed.
		if j.State != task.Open {
			sum.Missing = j.Count - min(j.Count, l.job.Count)
			sum.Job = *j
		}
	}
	switch {
	case l.hasFeeder && keep == 0 && sum.Clean(): // also if the store is full: it needs the room
		return s.retry(ctx, l.watch, func() error { return s.fleet.Remove(ctx, s.id) })
	case full:
		return err
	case err == nil || (sum.Requeued > 0 || l.audits.hasAsked()) && sum.Missing == 0: // the process that recorded the end may have emptied the queue before
		return s.fleet.Retry(ctx, func() error { return s.fleet.PurgeQueue(ctx, s.id) })
	}
	return nil
}

// refuteTimeout bounds refuteLast.
const refuteTimeout = 5 * time.Second

// refuteLast writes strikes for failure records that the last answers of the job have refuted: no review has seen
// them. Requires that run has returned, with the ending complete. The standings that are known here may be out of
// date by now, which is harmless: a strike is written to the stored one.
func (s *streams) refuteLast(ctx context.Context, l *loop) {
	ctx, cancel := context.WithTimeout(ctx, refuteTimeout)
	defer cancel()
	var records []fleet.FailureRecord
	var failed error
	listed := make(chan struct{})
	go func() {
		defer close(listed)
		records, failed = s.failureRecords(ctx)
	}()
	_, claims, err := s.deadLetters(ctx)
	if <-listed; err == nil {
		err = failed
	}
	if err == nil {
		err = s.refute(ctx, l.refutable(slices.Concat(claims, records)))
	}
	if err != nil {
		l.watch.Log.Debug().Err(err).Msg("cannot examine failure records")
	}
}

// errEndRecorded stops the change of a manifest that is not sealed with the numbers that this
// process has answered: another process has recorded the end before, or more input was added.
var errEndRecorded = errors.New("the end of the job is recorded already")

// writeEnd writes the end of the job into its manifest, and returns the manifest. An error
// wraps errEndRecorded if that is not to be done; the manifest is then what other processes wrote.
func (s *streams) writeEnd(ctx context.Context, w Watch, sum *Summary) (j *task.Job, _ error) {
	err := s.retry(ctx, w, func() (err error) {
		j, err = s.fleet.EndJob(ctx, s.id, func(j *task.Job) error {
			if j.State != task.Sealed || j.Count != sum.Job.Count {
				return errEndRecorded
			}
			markDone(j, sum, s.fleet.Now(ctx))
			return nil
		})
		return err
	})
	return j, err
}

// markDone writes into j that the job is done at the server's time now, and its counts. The manifest stays for
// fleet.TombstoneAge at least, so that the id is not used again at once.
func markDone(j *task.Job, sum *Summary, now time.Time) {
	expires := now.Add(max(j.Keep, fleet.TombstoneAge))
	j.State, j.Ended, j.Expires = task.Done, &now, &expires
	j.Verified, j.Unfinished, j.Dead = sum.Verified, sum.Unfinished, sum.Counts.Dead
	if len(sum.Sizes) > 0 {
		j.Sizes = sum.Sizes
	}
}

// retry is fleet.Retry, but stops at once with stream.ErrFull if a user waits for this process: the
// user may be the only one who can make room.
func (s *streams) retry(ctx context.Context, w Watch, try func() error) error {
	if w.Supervised {
		return s.fleet.Retry(ctx, try)
	}
	var full error
	err := s.fleet.Retry(ctx, func() error {
		err := try()
		if full = nil; errors.Is(err, stream.ErrFull) {
			full, err = err, nil
		}
		return err
	})
	if err == nil {
		err = full
	}
	return err
}
