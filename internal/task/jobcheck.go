package task

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"factorfleet/internal/text"
)

// ErrNewer is wrapped by the error for a manifest that a newer version of this program has written.
var ErrNewer = errors.New("a newer version of this program has written it")

// jobSchema is the newest version of the manifest that this program reads. Older ones have 1 or nothing; see SetSchema.
const jobSchema = 2

// Bounds of the texts in a manifest, in bytes. They are for people: longer ones are cut.
const (
	maxNote   = 1000
	maxSource = 300 // of a BadToken: the name of a file
	maxToken  = 200 // of a BadToken, quoted
	maxSize   = 40  // of Chunk
)

// Check returns an error unless the values of a decoded manifest are such as this program writes: a process
// that believed any others could wait for ever, or count wrongly. It makes the texts for people fit for one
// line of a terminal. A tombstone needs no kind and no class.
func (j *Job) Check() error {
	if j.Schema > jobSchema {
		return fmt.Errorf("%w: its schema is %d", ErrNewer, j.Schema)
	}
	if err := j.checkWork(); err != nil {
		return err
	}
	switch {
	case j.Schema < 0 || j.Budget < 0 || j.Keep < 0 || j.Work < 0:
		return errors.New("a duration of the manifest is negative")
	case !(j.WorkDigits >= 0 && j.WorkDigits <= MaxWorkDigits):
		return fmt.Errorf("an earlier effort of %g digits, expected 0 to %d", j.WorkDigits, MaxWorkDigits)
	case j.Count > MaxPosition || j.Verified > MaxPosition || j.Unfinished > MaxPosition || j.Dead > MaxPosition:
		return fmt.Errorf("a count of the manifest is above %d", uint64(MaxPosition))
	case len(j.Bad) > MaxBad || j.BadCount < uint64(len(j.Bad)) || j.BadCount > MaxPosition:
		return fmt.Errorf("the manifest lists %d bad tokens and counts %d", len(j.Bad), j.BadCount)
	case j.Campaign != "" && j.Campaign != "auto" && j.Campaign != "always" && j.Campaign != "never":
		return fmt.Errorf("unknown mode of campaigns %.40q", j.Campaign)
	}
	j.Sizes = soundSizes(j.Sizes)
	j.Note, j.Chunk = text.Sanitize(j.Note, maxNote), text.Sanitize(j.Chunk, maxSize)
	for i := range j.Bad {
		b := &j.Bad[i]
		b.Source, b.Text, b.Why = text.Sanitize(b.Source, maxSource), text.Sanitize(b.Text, maxToken), text.Sanitize(b.Why, maxNote)
	}
	return nil
}

// checkWork checks the state, the kind and the class.
func (j *Job) checkWork() error {
	switch j.State {
	case Open, Sealed, Done, Cancelled:
	case Removed:
		return nil
	default:
		return fmt.Errorf("unknown state %.40q", string(j.State))
	}
	if _, exec := ExecName(j.Kind); j.Kind != KindFactor && j.Kind != KindSquare && !exec {
		return fmt.Errorf("unknown kind %.40q", j.Kind)
	}
	if err := CheckPriority(j.Class); err != nil {
		return err
	}
	if err := CheckClass(j.Queue()); err != nil {
		return err
	}
	return j.checkRules()
}

// checkRules checks the rules of attempts and of queueing.
func (j *Job) checkRules() error {
	if err := CheckFormat(j.Format); err != nil {
		return err
	}
	switch {
	case j.One && j.Kind != KindFactor:
		return fmt.Errorf("a first factor of kind %.40q, expected kind factor", j.Kind)
	case j.Retries != "" && CheckJob(j.Retries) != nil:
		return fmt.Errorf("%.60q is no id of a job", j.Retries)
	case j.Replicas < 0 || j.Replicas > 2 || j.Replicas > 1 && !IsExec(j.Kind):
		return fmt.Errorf("%d replicas of kind %.40q, expected 1, or 2 of items", j.Replicas, j.Kind)
	case j.MaxAttempts < 0 || j.MaxAttempts > MaxMaxAttempts:
		return fmt.Errorf("%d attempts, expected 0 to %d", j.MaxAttempts, MaxMaxAttempts)
	case len(j.Backoff) > MaxBackoffs || slices.ContainsFunc(j.Backoff, func(d time.Duration) bool { return d < 0 }):
		return fmt.Errorf("a backoff of the manifest is negative, or there are more than %d", MaxBackoffs)
	case !(j.Rate >= 0 && j.Rate <= 1e9) || j.MaxRunning < 0 || j.Sleep < 0 || j.Sleep > MaxSleep:
		return errors.New("a rate, a number of running tasks or a sleep of the manifest is out of range")
	case j.limitsQueue() && !j.Throttled:
		return errors.New("the manifest limits what may be queued, and does not say that the holder queues the tasks")
	}
	return nil
}
