package job

import (
	"errors"
	"fmt"

	"factorfleet/internal/fleet"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/task"
)

// An ending is how a job, or this process's part in it, came to its end.
type ending struct {
	kind endKind
	err  error // for the caller; nil if the process did what it was asked for
}

type endKind uint8

const (
	failed       endKind = iota // any other error: no retry can repair it
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
	// final endings hold even if the caller's context ends at the same moment.
	final bool
	then  aftermath
	// cause is the error of the kind. The errors of other packages that wrap it lead to this
	// kind, and the caller gets an error that wraps it. nil = there is none.
	cause error
}

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

// endingOf returns the ending that an error leads to.
func endingOf(err error) ending {
	// An error of the output may wrap any other error, so that it is looked for first.
	for _, kind := range []endKind{outputFailed, beyondRepair, cancelled, removed, inputLost, disconnected} {
		if errors.Is(err, endRules[kind].cause) {
			return ending{kind, err}
		}
	}
	return ending{failed, err}
}

// manifestEnding returns the ending that a manifest states, if it states one that ends every
// process's part in the job.
func manifestEnding(j *task.Job) (ending, bool) {
	switch j.State {
	case task.Cancelled:
		return ending{cancelled, cancelledError(j.ID)}, true
	case task.Removed:
		return ending{removed, removedError(j.ID)}, true
	}
	return ending{}, false
}

func cancelledError(id string) error { return fmt.Errorf("job %s was %w", id, ErrCancelled) }

func removedError(id string) error { return fmt.Errorf("%w: %s was removed", fleet.ErrNoJob, id) }

// inputLostError says how much of a job's input is left.
func inputLostError(id string, count, left uint64) error {
	return fmt.Errorf("%w: of the %d numbers of job %s only the first %d are stored", ErrInputLost, count, id, left)
}
