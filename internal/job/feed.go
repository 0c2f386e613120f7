package job

import (
	"context"
	"crypto/sha256"
	"hash"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// When the feeder stores numbers that do not fill a block.
const (
	// pauseAfter is how long the input must be silent. A program that writes line by line is rarely
	// silent for so long, and a user at a terminal does not notice the delay.
	pauseAfter = 30 * time.Millisecond
	// waitMost is how long a number waits for an input that is slow but never silent.
	waitMost = 500 * time.Millisecond
	// cutEvery is the least time between two blocks that are not full: all numbers that a slow input brings in this time
	// are in one block. A number that comes later than that after the last block is stored after pauseAfter.
	cutEvery = 100 * time.Millisecond
)

// feedLease is the lease of a job's feeder.
func feedLease(id string) string { return id + ".feed" }

// A feeder reads the input of one job, stores it block by block, and queues it in chunks: a block
// always before its chunks. It works only while it has the feeder's lease, since two feeders at once
// would cut the same input into different blocks.
//
// The life of a feeder:
//
//	run ──> wait for the lease ──> readState ──> readToEnd ──> seal ──> run returns
//	              ^                    │             │          │
//	              └────────────────────┴─────────────┴──────────┘
//	                             the lease was lost
//
// The input cannot be read twice, so that all that was read outlives a lost lease. After a lost lease
// another process may have stored more numbers or sealed the job. So readState begins anew with what
// is stored, and the numbers that were read and not stored are compared, or stored, again.
//
// If the feeder stops in the middle of its input, it seals the job as cut off (leave); the holder does
// that for a feeder that has died. The stored numbers are still computed: chunks that were not queued
// are found missing by the holder.
//
// All its fields but saidFull belong to its own goroutine; the loop gets events.
//
// Invariant: block has the numbers at the positions read-len(block) to read-1. All numbers before
// them are compared with stored ones, or stored.
type feeder struct {
	*streams
	sub     Submission
	existed bool      // the job was not created by this process
	begun   time.Time // when the job was created or found; of the wall clock, which does not stand while the machine is suspended

	// Set by attach.
	watch    Watch
	post     func(event)
	accepted func() uint64 // numbers whose answers this process has accepted; safe for concurrent use
	// throttled reports whether the holder queues the tasks, and supplied tells the loop that there are more numbers to
	// queue. Both are safe for concurrent use and do not block.
	throttled func() bool
	supplied  func()

	pieces <-chan piece // of the input; nil before the first feed
	end    *inputEnd    // nil before the end of the input

	state        feedState
	job          *task.Job
	storedBefore uint64         // numbers that were stored when the feeder got its lease
	read         uint64         // numbers read so far
	work         time.Duration  // predicted computing time of all numbers read
	sizes        *plan.Tally    // all numbers read
	digest       hash.Hash      // SHA-256 of all numbers read, see appendDigest
	text         []byte         // buffer for digest
	block        []nat.Nat      // the last numbers read: neither compared nor known to be stored yet
	written      []task.Written // how numbers of block were written, by position
	shipping     *shipment      // the first of block, which are being stored; nil = none
	cut          time.Time      // when a block that was not full was last stored
	since        time.Time      // when the first number of block was read
	chunker      *plan.Chunker  // of this lease: begins at storedBefore
	queuer       *queuer        // of this lease
	reuser       *reuser        // set by attach; nil = no number is reused
	saidFull     time.Time      // when the user was last told that the queue is full; used by the goroutines of the queuers
	departure    *departure     // nil unless the feeder has left the job; read by others when run has returned
}

// newFeeder returns the feeder of job j, which must be attached to a loop before it runs.
func newFeeder(s *streams, sub Submission, j *task.Job, existed bool) *feeder {
	return &feeder{streams: s, sub: sub, job: j, existed: existed, begun: time.Now().Round(0), digest: sha256.New(), sizes: plan.NewTally(plan.ExpectationOf(j))}
}

// attach makes the feeder a part of l.
func (fd *feeder) attach(l *loop) {
	fd.watch, fd.post, fd.accepted = l.watch, l.post, l.accepted.Load
	fd.reuser = newReuser(fd.streams, &fd.sub, &fd.watch)
	fd.throttled, fd.supplied = l.throttled.Load, func() { l.supplies.put(struct{}{}) }
	if fd.existed && !sameSettings(fd.job, &fd.sub) {
		fd.watch.Status("the job exists already: its --chunk, --priority, --budget, --certify, --work, --one and --sleep are kept")
	}
	if fd.existed && fd.sub.Rules.differ(fd.job) {
		fd.watch.Status("the job exists already with other rules, which are kept: `producer change` changes --rate and --max-running")
	}
}

// run feeds whenever this process has the feeder's lease, until all input is stored or ctx ends. In the
// latter case the job is sealed as cut off, unless another process feeds it. run is called once. An error
// wraps fleet.ErrDiffers if the input is not that of the job, ErrCancelled or fleet.ErrNoJob if the job has
// ended, and ErrInputLost if the server has lost numbers.
func (fd *feeder) run(ctx context.Context) error {
	if fd.existed {
		if holder, _ := fd.feederHolder(ctx); holder != "" {
			fd.watch.Status("another process is submitting this job, or has just died: waiting for its lease")
		}
	}
	holdCtx, stop := context.WithCancel(ctx)
	defer stop()
	held := false
	err := fd.fleet.Hold(holdCtx, feedLease(fd.id), fd.process, func(leaseCtx context.Context) error {
		held = true
		fd.watch.Status("")
		err := fd.feed(ctx, leaseCtx)
		switch {
		case err == nil:
			stop() // so that Hold gives the lease back and returns
		case ctx.Err() != nil && context.Cause(leaseCtx) == context.Cause(holdCtx): // the lease was not lost before
			fd.leave()
		}
		return err
	})
	if !held && !fd.existed && ctx.Err() != nil {
		fd.leave()
	}
	return err
}

// feed reads the input to its end and seals the job. It continues from what is stored, by
// this process or by others. lease ends when the lease is lost; ctx ends with this process's
// part in the job, and with it the reader.
func (fd *feeder) feed(ctx, lease context.Context) error {
	if err := fd.readState(lease); err != nil {
		return err
	}
	fd.chunker = plan.NewChunker(fd.sub.Chunking, fd.sub.Kind, max(2, fd.watch.Slots()), fd.storedBefore)
	fd.chunker.AddCost(fd.job.Sleep)
	lease, end := context.WithCancel(lease)
	p := fd.fleet.Publisher(fd.job, fd.accepted, fd.queueFull)
	p.EndWhen(fd.throttled)
	p.KnowFrom(fd.inputs)
	fd.queuer = newQueuer(lease, p)
	defer fd.stop(end)
	if err := fd.take(lease, piece{}); err != nil { // what was read under an earlier lease
		return err
	}
	if fd.pieces == nil {
		fd.pieces = readInput(ctx, fd.sub)
	}
	if err := fd.readToEnd(lease); err != nil {
		return err
	}
	return fd.handle(lease, endEvent(fd.end.err, fd.read, fd.storedBefore))
}

// stop ends the lease's goroutines. The numbers of a shipment whose outcome is unknown remain in block: with the next
// lease they are compared with what is stored by then.
func (fd *feeder) stop(end context.CancelFunc) {
	end()
	<-fd.queuer.ended
	if fd.shipping != nil {
		<-fd.shipping.done
		fd.shipping = nil
	}
}

// readToEnd takes pieces until the input has ended, or ctx.
func (fd *feeder) readToEnd(ctx context.Context) error {
	silence := time.NewTimer(pauseAfter)
	defer silence.Stop()
	for fd.end == nil {
		var err error
		select {
		case <-ctx.Done():
		case p := <-fd.pieces:
			if fd.end = p.end; p.end == nil {
				for _, k := range p.known {
					fd.inputs.AddKnown(fd.read+uint64(k.At), k.Factors)
				}
				err = fd.take(ctx, p)
				silence.Reset(pauseAfter)
			}
		case err = <-fd.shipmentDone():
			if err = fd.shipped(err); err == nil {
				err = fd.storeFull(ctx)
			}
		case <-fd.queuer.ended:
			err = fd.queuer.err
		case <-silence.C:
			if wait := cutEvery - time.Since(fd.cut); wait > 0 {
				silence.Reset(wait)
			} else {
				err = fd.handle(ctx, inputSilent)
			}
		}
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// fullEvery is the least time between two messages that the queue is full. A queue that workers empty at the pace at
// which it is filled is full many times a second.
const fullEvery = time.Minute

// queueFull reports that the publisher waits for room in the queue, or no longer.
func (fd *feeder) queueFull(waiting bool) {
	switch now := time.Now(); {
	case !waiting:
		fd.watch.Status("")
	case fd.saidFull.IsZero() || now.Sub(fd.saidFull) >= fullEvery:
		fd.saidFull = now
		fd.watch.Status("the queue is full: waiting for the workers")
	}
}

// readState reads how the job stands, now that no other process feeds it, and enters the state that
// follows from it. The input is lost if fewer numbers are stored than this feeder has seen stored.
func (fd *feeder) readState(ctx context.Context) error {
	if err := fd.reload(ctx); err != nil {
		return err
	}
	if end, ok := manifestEnding(fd.job); ok {
		return end.err
	}
	compared := fd.read - uint64(len(fd.block))
	if fd.storedBefore = fd.stored(); fd.storedBefore < compared {
		return inputLostError(fd.job, compared, fd.storedBefore)
	}
	if fd.state = firstState(fd.job, fd.existed, fd.storedBefore, compared); fd.state == feedAppending {
		fd.post(inputConfirmed{})
	}
	return nil
}

// reload reads the manifest and which blocks are stored, at the same time. It reads nothing for the first lease of a
// job that this process has just created under an id of its own: no other process can have fed it, or sealed it for want
// of a feeder.
func (fd *feeder) reload(ctx context.Context) error {
	if fd.state == feedUnknown && !fd.existed && fd.sub.ID == "" && time.Since(fd.begun) < cutOffAfter {
		return nil
	}
	listed := make(chan error, 1)
	go func() { listed <- fd.inputs.Reload(ctx) }()
	var j *task.Job
	err := fd.fleet.Retry(ctx, func() (err error) {
		j, err = fd.manifest(ctx)
		return err
	})
	if listing := <-listed; err == nil {
		err = listing
	}
	if err == nil {
		fd.job = j
	}
	return err
}
