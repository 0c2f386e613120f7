package attempt

import (
	"time"

	"factorfleet/internal/task"
)

// An Unheld is a task that was delivered and not settled, and that the heartbeat of no worker names.
// Its worker died or lets it lie, or a NAK has delayed its redelivery, by years if a worker likes.
type Unheld struct {
	Count   uint64        // numbers in the range of the task, from 1
	Spent   int           // deliveries of earlier rounds, by the header of the task
	Most    int           // as in Delivery
	Put     time.Duration // the longest delay after an attempt that the job has; 0 = that of jobs without a list
	Unnamed time.Duration // for which it has been observed that no heartbeat names it, without interruption
	AckWait time.Duration // of the durable
	Beat    time.Duration // between two heartbeats of a worker

	// MayBeHeld: a worker may compute the task whose heartbeats do not name all its tasks, because it is of an
	// earlier version, or because it has more slots than names fit into a heartbeat.
	MayBeHeld bool
}

// usualPut is the longest delay after an attempt of a job without a list, with its random part.
const usualPut = 144 * time.Second

// unnamingPatience is how many times longer a task waits that a worker may compute without naming it.
const unnamingPatience = 4

// Patience returns after which time without a name a task is queued again:
//
//	Patience = d AckWait + Beat,  d = 2 for several numbers, MaxDeliver+1 for one
//
// A task that a worker has begun is named one Beat later at most. Meanwhile the server may redeliver the
// task to workers that die before they name it, an AckWait after each other. The second delivery of
// several numbers is split. A single number has MaxDeliver deliveries, and the sweeper concludes it one
// AckWait later: a shorter patience would begin a new round before, with more deliveries for a number that
// kills its worker.
//
// The delay of a NAK adds to that, as far as it is longer than without a list of the job: 2 min.
//
// If the task may be held, Patience is 4 * 2^min(Spent, MaxDeliver-1) times as long. A worker of an earlier
// version thus computes a long number in peace: a task that it holds is queued again each time after twice
// as long a time.
func (u Unheld) Patience() time.Duration {
	deliveries := time.Duration(2)
	if u.Count == 1 {
		deliveries = MaxDeliver + 1
	}
	patience := deliveries*u.AckWait + u.Beat + max(0, min(u.Put, task.MaxBackoff)*6/5-usualPut)
	if u.MayBeHeld {
		patience *= unnamingPatience << min(max(u.Spent, 0), MaxDeliver-1)
	}
	return patience
}

// Decide decides what the sweeper does with the task: it waits until Patience is over, and then queues the
// range in a new round. It does not know how many deliveries the task had in this round, and takes them
// for one: several numbers are split, as after a second delivery, and a single number has spent one
// delivery more. So a number that kills its workers is isolated, although the server redelivers none of
// its tasks. A single number whose delivery was its last attempt is concluded: see [Exhausted]. It is not if it
// may be held, since then a worker may be about to answer it.
func (u Unheld) Decide() Decision {
	switch patience := u.Patience(); {
	case u.Unnamed < patience:
		return Decision{Action: Wait, Delay: patience - u.Unnamed}
	case u.Count > 1:
		return Decision{Action: Requeue, Pieces: Pieces(u.Count)}
	case u.Spent >= LastOf(u.Most)-1 && !u.MayBeHeld:
		return Decision{Action: Conclude}
	}
	return Decision{Action: Requeue, Pieces: 1, Spent: min(max(u.Spent, 0)+1, LastOf(u.Most)-1)}
}
