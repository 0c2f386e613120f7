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
	feedRestoring                  // the server has lost numbers: they are kept until the whole input is known to be the same
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

// A feedStep is what an event leads to.
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
// Seal and restore lead to sealed; fewer, more and unreadable end the feeder. A broken input
// is sealed too, as cut off.
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

// firstState returns the state of a feeder that begins or, with a new lease, continues. j is
// the manifest, existed says that another process has created it, stored counts the stored
// numbers, and compared those of the input that are compared with stored ones, or stored.
func firstState(j *task.Job, existed bool, stored, compared uint64) feedState {
	whole := existed && !j.CutOff
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

// endEvent returns the event of the end of the input after so many numbers.
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

// impossible is the error of an entry that the table does not have.
func impossible(s feedState, e feedEvent) error {
	return fmt.Errorf("internal error: the input was %v while %v", e, s)
}
