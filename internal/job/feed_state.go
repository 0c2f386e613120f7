package job

import (
	"fmt"

	"factorfleet/internal/task"
)

// A feedState is what the feeder does with the numbers that it reads.
type feedState uint8

const (
	feedUnknown   feedState = iota // before the feeder has read the manifest
	feedComparing                  // they are compared with stored numbers; more may follow
	feedAppending                  // they are stored and queued
	feedMatching                   // all input was stored before: they are compared, and no more may follow
	feedRestoring                  // the server has lost numbers: all are kept in memory until the whole input is known to be the same
	feedSealed                     // all input is stored and queued
	feedStates
)

// A feedEvent is what the feeder learns about its input.
type feedEvent uint8

const (
	inputMatched     feedEvent = iota // the numbers that are stored were read, and are the same
	inputBeyond                       // more numbers were read than are stored
	inputSilent                       // no number was read for pauseAfter
	inputEnded                        // all input was read
	inputEndedShort                   // all input was read: fewer numbers than are stored
	inputBroken                       // the input cannot be read any further
	inputBrokenShort                  // the same, after fewer numbers than are stored
	feedEvents
)

// A feedAct is what the feeder does at an event.
type feedAct uint8

const (
	actImpossible feedAct = iota // an internal error
	actNothing
	actConfirm    // tell the loop that answers may be printed
	actStore      // store and queue full blocks, and what has waited for waitMost
	actStoreAll   // store all that was read, and queue the chunks that are ready
	actSeal       // store and queue all that was read, and seal the manifest
	actRestore    // actSeal, if the digest is that of the manifest
	actMore       // conflict: the input has more numbers than the job
	actFewer      // conflict: the input has fewer numbers than the job
	actUnreadable // the input cannot be compared
)

// A feedStep is what an event leads to: an act, and the state after it.
type feedStep struct {
	act  feedAct
	next feedState
}

// feedTable is the feeder's state machine: state, event -> act, next state. The next state is
// entered if the act succeeds. Entries that are left out are impossible.
//
//	           matched    beyond    silent     ended     ended short  broken      broken short
//	comparing  confirm ─> appending                       fewer                    unreadable
//	appending             store     store all  seal                    seal
//	matching   nothing    more      nothing    seal       fewer        seal        unreadable
//	restoring  nothing    nothing   nothing    restore    fewer        unreadable  unreadable
//
// Seal and restore lead to sealed; fewer, more and unreadable end the feeder with an error. A broken
// input is sealed too, as cut off: the numbers before the break are computed.
//
// Two rules hold in the table (TestFeedRules). Numbers are stored only in appending, and at the end of
// restoring: so all that is stored is known to be that of this input. No job is sealed by an input
// that is shorter than what is stored.
var feedTable = [feedStates][feedEvents]feedStep{
	feedComparing: {
		inputMatched:     {actConfirm, feedAppending},
		inputSilent:      {actNothing, feedComparing},
		inputEndedShort:  {actFewer, feedComparing},
		inputBrokenShort: {actUnreadable, feedComparing},
	},
	feedAppending: {
		inputBeyond: {actStore, feedAppending},
		inputSilent: {actStoreAll, feedAppending},
		inputEnded:  {actSeal, feedSealed},
		inputBroken: {actSeal, feedSealed},
	},
	feedMatching: {
		inputMatched:     {actNothing, feedMatching},
		inputBeyond:      {actMore, feedMatching},
		inputSilent:      {actNothing, feedMatching},
		inputEnded:       {actSeal, feedSealed},
		inputEndedShort:  {actFewer, feedMatching},
		inputBroken:      {actSeal, feedSealed},
		inputBrokenShort: {actUnreadable, feedMatching},
	},
	feedRestoring: {
		inputMatched:     {actNothing, feedRestoring},
		inputBeyond:      {actNothing, feedRestoring},
		inputSilent:      {actNothing, feedRestoring},
		inputEnded:       {actRestore, feedSealed},
		inputEndedShort:  {actFewer, feedRestoring},
		inputBroken:      {actUnreadable, feedRestoring},
		inputBrokenShort: {actUnreadable, feedRestoring},
	},
}

// firstState returns the state of a feeder that begins or, with a new lease, continues. j is the
// manifest, existed says that this process did not create it, stored counts the stored numbers, and
// compared those of the input that are compared with stored ones, or stored.
//
//	the job                                           state
//	existed, was sealed whole, numbers are lost       restoring
//	existed, a feeder has begun to restore it         restoring
//	existed, is sealed or done whole, all is stored   matching
//	any other, more is stored than compared           comparing
//	any other                                         appending
//
// The last two are new jobs, jobs that were cut off, and open jobs whose feeder has died. A job that
// this process created is its own even if a holder has sealed it meanwhile.
func firstState(j *task.Job, existed bool, stored, compared uint64) feedState {
	whole := existed && !j.CutOff // if it was sealed, with the whole input
	switch {
	// An open job has a digest only if a feeder has begun to restore it.
	case whole && j.Digest != "" && (j.State == task.Open || stored < j.Count):
		return feedRestoring
	case whole && j.State != task.Open && stored >= j.Count:
		return feedMatching
	case compared < stored:
		return feedComparing
	}
	return feedAppending
}

// endEvent returns the event of the end of the input after read numbers, of which stored were stored
// before. err is why it cannot be read any further; nil = it was read to its end.
func endEvent(err error, read, stored uint64) feedEvent {
	switch {
	case err != nil && read < stored:
		return inputBrokenShort
	case err != nil:
		return inputBroken
	case read < stored:
		return inputEndedShort
	}
	return inputEnded
}

func (s feedState) String() string {
	return [...]string{"unknown", "comparing", "appending", "matching", "restoring", "sealed"}[s]
}

func (e feedEvent) String() string {
	return [...]string{"matched", "beyond", "silent", "ended", "ended short", "broken", "broken short"}[e]
}

// impossible is the error of an entry that the table does not have: a defect of this package.
func impossible(s feedState, e feedEvent) error {
	return fmt.Errorf("internal error: the input was %v while %v", e, s)
}
