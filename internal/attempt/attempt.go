package attempt

import (
	"fmt"
	"time"

	"factorfleet/internal/task"
)

// MaxDeliver is how many times the server delivers a task in one round.
const MaxDeliver = 3

// maxPieces is the square root of task.MaxCount: see Pieces.
const maxPieces = 64

// Pieces returns into how many ranges of nearly equal size a range of count >= 1 numbers is split
// after a worker died on it:
//
//	Pieces(count) = min(count, 64),  64 = sqrt(task.MaxCount)
//
// Two splits leave single numbers. So a number that kills its worker costs at most two workers before
// it is alone.
func Pieces(count uint64) uint64 { return min(count, maxPieces) }

// LeastPieces is into how many ranges a split divides several numbers at least.
const LeastPieces = 2

// PiecesWithin returns into how many pieces a range is split that would be split into pieces, if at most maxRunning tasks
// of its job are to run and queued tasks of it are in the queue:
//
//	PiecesWithin = min(pieces, max(2, maxRunning - queued)),  maxRunning > 0
//
// So a split leaves at most one task more than maxRunning and what other splits have left. It has two pieces at least,
// because the number that killed the worker must be alone in the end: of 4096 numbers after 12 splits instead of two.
func PiecesWithin(pieces, maxRunning, queued uint64) uint64 {
	if maxRunning == 0 {
		return pieces
	}
	return min(pieces, max(LeastPieces, maxRunning-min(maxRunning, queued)))
}

// A job may say after how many failed attempts a number is given up: most, 0 = [MaxDeliver]. It is task.Task.MaxAttempts.
// An attempt has failed if its worker says so, by an error. A worker that dies says nothing, and at least [MaxDeliver]
// deliveries are needed to find out which number killed it. So most has two sides:
//
//	FailuresOf = most, or MaxDeliver            an attempt of this number or a higher one that fails ends the round
//	LastOf     = max(FailuresOf, MaxDeliver)    an attempt of this number or a higher one is a last attempt
//
// If there are more than [MaxDeliver], the sweeper queues the number in further rounds: see [Further].

// FailuresOf returns after which attempt that has failed a worker stores a dead letter.
func FailuresOf(most int) int {
	if most <= 0 {
		return MaxDeliver
	}
	return min(most, task.MaxMaxAttempts)
}

// LastOf returns the number of the last attempt.
func LastOf(most int) int { return max(FailuresOf(most), MaxDeliver) }

// Number returns the attempt number, from 1, of a delivery:
//
//	Number = delivered + min(spent, LastOf(most)-1)
//
// delivered >= 1 is the server's count in this round, spent >= 0 the deliveries of earlier rounds by the
// header of the task. A task that is delivered has one delivery, whatever its header says.
func Number(delivered, spent, most int) int { return delivered + min(spent, LastOf(most)-1) }

// Record returns the attempt in the subject of a failure record. [MaxDeliver] is that of a last attempt, whatever its
// number is; attempts before it have all others:
//
//	attempt   1  2  3  4  5    of LastOf = 5
//	Record    1  2  4  5  3
func Record(attempt int, last bool) int {
	switch {
	case last:
		return MaxDeliver
	case attempt >= MaxDeliver:
		return attempt + 1
	}
	return attempt
}

// IsLastRecord reports whether a failure record is of a last attempt, by the attempt in its subject and most of its job.
func IsLastRecord(record, most int) bool {
	if LastOf(most) == MaxDeliver {
		return record >= MaxDeliver
	}
	return record == MaxDeliver
}

// Backoff returns the delay before attempt+1, after attempt >= 1 has failed:
//
//	Backoff = min(5 s * 2^(attempt-1), 2 min) * (0.8 + 0.4*random)      without a list
//	Backoff = list[min(attempt, len(list))-1] * (0.8 + 0.4*random)      with the list of the job
//
// random is uniform in [0, 1). It spreads the retries of numbers that failed together.
func Backoff(list []time.Duration, attempt int, random float64) time.Duration {
	const (
		first  = 5 * time.Second
		most   = 2 * time.Minute
		jitter = 0.2
	)
	d := min(first<<min(max(attempt-1, 0), 10), most)
	if len(list) > 0 {
		d = min(list[min(max(attempt, 1), len(list))-1], task.MaxBackoff)
	}
	return time.Duration(float64(d) * (1 - jitter + 2*jitter*random))
}

// An Action is what is done with a range.
type Action uint8

const (
	Compute      Action = iota // worker: compute the numbers in a slot
	ComputeAlone               // worker: the same, after a last-attempt record, while no other task runs
	Return                     // worker: store a return, then ack
	Fail                       // worker: the attempt at a single number has failed; Settle says what follows
	FailForGood                // worker: the same, and it has no attempt left here: store a dead letter of the worker
	Reject                     // worker: store a dead letter of an unreadable task
	Drop                       // worker: ack without a result; the job was cancelled, or the task is expendable
	GiveUp                     // both: store a dead letter of a single number
	Requeue                    // sweeper: queue the range again in a new round
	Wait                       // sweeper: decide again after Delay
	Ignore                     // sweeper: leave the task in the queue
	Conclude                   // sweeper: the task is exhausted; Exhausted says what follows
)

// String returns the name of the constant, in lower case.
func (a Action) String() string {
	return [...]string{"compute", "compute alone", "return", "fail", "fail for good", "reject", "drop", "give up", "requeue", "wait", "ignore", "conclude"}[a]
}

// A Decision is an action with its parameters. Fields that the action does not name are zero.
type Decision struct {
	Action  Action
	Reason  task.Reason   // Return: why, for the sweeper
	Detail  string        // Return: why, for people; "" = the caller knows
	Limited bool          // Return: the worker bounds how many of these it stores in a minute
	Pieces  uint64        // Return, Requeue: into how many ranges the range is split; 0 and 1 = not at all
	Spent   int           // Requeue: deliveries that count as spent in earlier rounds; see Number
	Pardon  bool          // Requeue: before, the records of deaths are removed, and Sieve.Pardoned is set; see Sieve
	Delay   time.Duration // Wait: until the next decision
}

// A Delivery is what a worker knows of a task that it has received.
type Delivery struct {
	Attempt int    // from 1, see Number and WithDeaths
	Count   uint64 // numbers in the range, from 1
	Deaths  int    // processes that died while they computed the range in this round, by the ledger
	Most    int    // task.Task.MaxAttempts; see FailuresOf

	// Expendable: it is a task of kind sieve. Its range has no numbers of which any must have an answer, so it is
	// computed at most once, and nothing replaces it. The supervisor issues other ranges.
	Expendable bool
}

// WithDeaths returns d with the deaths that a ledger counts. Each death was a delivery:
//
//	Attempt = max(Attempt, 1+deaths)
//
// The server may not know of these deliveries, because it died with the worker.
func (d Delivery) WithDeaths(deaths int) Delivery {
	d.Deaths = deaths
	d.Attempt = max(d.Attempt, 1+deaths)
	return d
}

// Last reports whether d is the last attempt at a single number. Several numbers have none.
func (d Delivery) Last() bool { return d.Count == 1 && d.Attempt >= LastOf(d.Most) && !d.Expendable }

// redeliveredTogether reports whether an earlier worker may have died of one of these several numbers.
func (d Delivery) redeliveredTogether() bool { return d.Count > 1 && d.Attempt > 1 }

// GiveUpDetail returns the reason of a dead letter, for people, of a number whose worker died or hung
// on each of n deliveries.
func GiveUpDetail(n int) string {
	return fmt.Sprintf("its worker died or stopped responding on each of %d deliveries", n)
}
