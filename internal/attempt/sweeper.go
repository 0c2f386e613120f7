package attempt

import (
	"time"

	"factorfleet/internal/task"
)

// An Alive says when a worker other than the one with the failure records was alive. Quarantined workers
// do not count.
type Alive uint8

const (
	AliveNow      Alive = iota // it has a heartbeat in the registry
	AliveRecently              // it had one within the last AliveWaits ack waits, or the registry was observed for too short a time
	AliveLongAgo               // neither: the worker with the records is the only one
)

// AliveWaits is for how many ack waits after its last heartbeat a worker counts as AliveRecently.
const AliveWaits = 20

// Evidence is what is known of the last attempts at a single number that have failed. A worker's last-attempt record
// says that one has begun, its dead letter that one has failed. Each is the claim of that worker, and counts unless the
// worker is quarantined, or still runs the attempt.
//
// Records of earlier attempts do not count: those attempts ran beside other tasks, and may have failed because of
// them. Deliveries do not count either: one that lapsed before it started says nothing about the number, and a worker
// that guesses a subject can use up the deliveries of another one.
type Evidence struct {
	Failed  int           // last attempts that have failed, each round of a worker once
	Workers int           // different workers at which they have
	AtTwo   int           // so many of them have failed at each of two workers
	Others  Alive         // Workers == 1: whether another worker could try; else not read
	Held    bool          // a live heartbeat of another worker names the range
	Unseen  bool          // heartbeats were not observed for long enough to know that none of Workers still runs it
	AckWait time.Duration // of the durables
	Most    int           // task.Job.MaxAttempts; see FailuresOf

	Campaign Campaign // of the number
	Letters  int      // Campaign > NoCampaign: those of Workers that have stored a dead letter, so they have not died
}

// Decide decides about a single number whose attempts have ended without an answer: it is given up, or
// queued again, or it waits.
//
// A worker's word is only a claim. So a number is given up once its last attempt has failed at two workers. One
// suffices if no other worker was there to try. If another one was there a moment ago, the number waits for it.
//
// A heartbeat is a claim, too. A worker that names a harmful number for ever must not have it kill the others for
// ever: once the number has failed MaxDeliver times at each of two workers, Held does not count.
//
// While other workers sieve the number, and they advance, deaths do not count: see [Sieve]. Dead letters do.
func (e Evidence) Decide() Decision {
	if e.Campaign == NoCampaign {
		return e.decide()
	}
	proved := e
	proved.Workers, proved.Failed, proved.AtTwo = e.Letters, e.Letters, 0
	do := proved.decide()
	switch {
	case do.Action != Requeue:
		return do
	case e.Campaign == CampaignPardons:
		if do.Pardon = true; e.Letters == 0 {
			do.Spent = 0
		}
		return do
	}
	if do = e.decide(); do.Action == GiveUp {
		do = Decision{Action: Wait, Delay: e.AckWait / 4}
	}
	return do
}

// decide is Decide for a number without a campaign.
func (e Evidence) decide() Decision {
	switch {
	case e.Workers == 0, e.Held && e.AtTwo < MaxDeliver, e.Workers == 1 && e.Others == AliveNow:
		return e.again()
	case e.Unseen, e.Workers == 1 && e.Others == AliveRecently:
		return Decision{Action: Wait, Delay: e.AckWait / 4}
	}
	return Decision{Action: GiveUp}
}

// again queues the number with one delivery more, which runs alone and leaves a last-attempt record.
//
// Two workers may receive the deliveries in turn: one dies at the last attempt, the other one postpones the
// delivery after it, and so on in each round. So every second time the number has two deliveries more, and
// then the last attempt is the other worker's.
func (e Evidence) again() Decision {
	d := Decision{Action: Requeue, Pieces: 1, Spent: LastOf(e.Most) - 1}
	if e.Workers == 1 && e.Failed%2 == 0 {
		d.Spent--
	}
	return d
}

// A Returned is a return as the sweeper reads it.
type Returned struct {
	Reason task.Reason
	Count  uint64 // numbers, from 1
	Pieces uint64 // as the worker requests; at most Count ranges are made
	First  bool   // the sweeper has this return for the first time
	Left   int    // Elsewhere: see ElsewhereDelay
	Passed int    // the same
}

// Withdraws reports whether the last attempt of the round at this worker, if there was one, has ended without
// having failed: its worker left, or says that another worker may have the answer. Its last-attempt record then proves
// nothing.
func (r Returned) Withdraws() bool {
	return (r.Reason == task.Drained || r.Reason == task.Elsewhere) && r.Count == 1
}

// NeedsEvidence reports whether Decide reads its argument.
func (r Returned) NeedsEvidence() bool { return r.Reason == task.Postponed && r.Count == 1 }

// UnsupportedDelay is the pause before a range that a worker did not support is queued again. It
// bounds how often workers of an old version receive and return the same range.
const UnsupportedDelay = 5 * time.Second

// ElsewhereDelay returns the pause before a range that a worker has left to others is queued again. left is how often all
// workers that may compute it have left it, 0 if another one has not; passed is how often workers have had it since that it
// was not for:
//
//	ElsewhereDelay = 1 s                                 left = 0, passed <= 8
//	ElsewhereDelay = min(1 s * 2^(passed-8), 30 s)       left = 0
//	ElsewhereDelay = min(5 s * 2^(left-1), 2 min)        left > 0
//
// If one of two idle workers must have the range, it passes the other one 8 times in a row with a probability of 1/256. More
// often than that, the worker is busy.
func ElsewhereDelay(left, passed int) time.Duration {
	if left <= 0 {
		return min(time.Second<<min(max(passed-8, 0), 10), 30*time.Second)
	}
	return min(5*time.Second<<min(left-1, 10), 2*time.Minute)
}

// NotHereDetail is the detail of a return whose task was not for this worker, so that no computation has left it to others.
const NotHereDetail = "the task is for another worker"

// Decide decides what the sweeper does with a return. Only NeedsEvidence reads e: a postponed number has had
// its last delivery, and the evidence decides.
func (r Returned) Decide(e Evidence) Decision {
	switch {
	case r.Reason == task.Unsupported && r.First:
		return Decision{Action: Wait, Delay: UnsupportedDelay}
	case r.Reason == task.Elsewhere && r.First:
		return Decision{Action: Wait, Delay: ElsewhereDelay(r.Left, r.Passed)}
	case r.NeedsEvidence():
		return e.Decide()
	}
	return Decision{Action: Requeue, Pieces: r.Pieces}
}

// An Advisory is the server's message that the deliveries of a task are exhausted, and what the sweeper
// finds when it checks that: without credentials any client can send one.
type Advisory struct {
	Count     uint64        // numbers in the range of the task, from 1
	Try       int           // how many times the sweeper has had the advisory, from 1
	Exhausted bool          // the durable confirms it
	Known     bool          // a divisor of the number is known, so that to compute it again takes little time
	Further   bool          // the number has attempts left: see Further
	AckWait   time.Duration // of the durable
}

const (
	advisoryTries = 5
	advisoryDelay = time.Second // between two tries at an advisory that the durable does not confirm
)

// Decide decides what the sweeper does with an advisory. A single number waits AckWait in all: its worker
// may be slow to settle it. If a divisor of it is known, or if it has attempts left and was put off after one, it does not wait. Unconfirmed advisories are
// ignored after a few tries: the probe finds every exhausted task later.
func (a Advisory) Decide() Decision {
	retry := a.Try < advisoryTries
	switch {
	case a.Exhausted && retry && a.Count == 1 && !a.Known && !a.Further:
		return Decision{Action: Wait, Delay: a.AckWait / (advisoryTries - 1)}
	case a.Exhausted:
		return Decision{Action: Conclude}
	case retry:
		return Decision{Action: Wait, Delay: advisoryDelay}
	}
	return Decision{Action: Ignore}
}

// Further decides about a single number whose deliveries in this round are exhausted. If it has attempts left, because its
// job permits more than [MaxDeliver], it is queued in a further round, whatever the evidence is; else ok is false. spent
// and most are as in [Number]. How many of the deliveries were attempts does not matter: that a task is exhausted means
// that the server has delivered it MaxDeliver times, or that it is stuck, which costs as many.
func Further(spent, most int) (do Decision, ok bool) {
	made := Number(MaxDeliver, max(spent, 0), most)
	if made >= LastOf(most) {
		return Decision{}, false
	}
	return Decision{Action: Requeue, Pieces: 1, Spent: made}, true
}

// Exhausted decides about a range of count numbers whose task will not be delivered again. Of several
// numbers at most one kills its worker, so they are split. About a single number the evidence decides.
func Exhausted(count uint64, e Evidence) Decision {
	if count > 1 {
		return Decision{Action: Requeue, Pieces: Pieces(count)}
	}
	return e.Decide()
}
