package job

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// The feeder stores what it has read when the input has been silent for pauseAfter, and after
// waitMost even if the input never is.
const (
	pauseAfter = 30 * time.Millisecond
	waitMost   = 500 * time.Millisecond
)

// feedLease is the lease of a job's feeder.
func feedLease(id string) string { return id + ".feed" }

// A feeder reads the input of one job, stores it block by block, and queues it in chunks: a
// block always before its chunks. It works only while it has the feeder's lease, since two
// feeders at once would cut the same input into different blocks. All its fields belong to
// its own goroutine; the loop gets events.
type feeder struct {
	*streams
	sub     Submission
	existed bool // another process has created the job

	// Set by join.
	watch    Watch
	post     func(event)
	accepted func() uint64 // results that this process has accepted

	pieces <-chan piece // of the input; nil before the first feed
	end    *inputEnd    // nil before the end of the input

	// The input is read once, also if feed is called again because the lease was lost.
	state     feedState
	job       *task.Job
	stored    uint64        // numbers that were stored when feed began
	read      uint64        // numbers read so far
	work      time.Duration // predicted, of all numbers read
	digest    hash.Hash     // SHA-256 of all numbers read, in decimal, a line each
	text      []byte        // buffer for digest
	block     []nat.Nat     // the last numbers read, neither compared with stored ones nor stored
	since     time.Time     // when the first number of block was read
	chunker   *plan.Chunker
	publisher *fleet.Publisher
}

func newFeeder(s *streams, sub Submission, j *task.Job, existed bool) *feeder {
	return &feeder{streams: s, sub: sub, job: j, existed: existed, digest: sha256.New()}
}

// join makes the feeder a part of l.
func (fd *feeder) join(l *loop) {
	fd.watch, fd.post, fd.accepted = l.watch, l.post, l.accepted.Load
	if fd.existed && !sameSettings(fd.job, &fd.sub) {
		fd.watch.Status("the job exists already: its --chunk, --priority, --budget and --certify are kept")
	}
}

// run feeds whenever this process has the feeder's lease, until all input is stored or ctx
// ends.
func (fd *feeder) run(ctx context.Context) error {
	if holder, _ := fd.feederHolder(ctx); fd.existed && holder != "" {
		fd.watch.Status("another process is submitting this job, or has just died: waiting for its lease")
	}
	holdCtx, stop := context.WithCancel(ctx)
	defer stop()
	return fd.fleet.Hold(holdCtx, feedLease(fd.id), fd.process, func(leaseCtx context.Context) error {
		fd.watch.Status("")
		err := fd.feed(leaseCtx, ctx)
		if err == nil {
			stop() // so that Hold gives the lease back and returns
		}
		return err
	})
}

// feed reads the input to its end. It continues from what is stored, by this process or by
// others. ctx ends with the lease, and life with this process's part in the job.
func (fd *feeder) feed(ctx, life context.Context) error {
	if err := fd.look(ctx); err != nil {
		return err
	}
	fd.chunker = plan.NewChunker(fd.sub.Chunking, fd.sub.Kind, max(2, fd.watch.Slots()), fd.stored)
	fd.publisher = fd.fleet.Publisher(fd.job, fd.accepted, fd.queueFull)
	if err := fd.take(ctx, nil); err != nil { // what an earlier lease has left
		return err
	}
	if fd.pieces == nil {
		fd.pieces = readInput(life, fd.sub)
	}
	silence := time.NewTimer(pauseAfter)
	defer silence.Stop()
	for fd.end == nil {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case p := <-fd.pieces:
			if fd.end = p.end; fd.end != nil {
				continue
			}
			if err := fd.take(ctx, p.numbers); err != nil {
				return err
			}
			silence.Reset(pauseAfter)
		case <-silence.C:
			if err := fd.handle(ctx, inputSilent); err != nil {
				return err
			}
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fd.handle(ctx, endEvent(fd.end.err, fd.read, fd.stored))
}

// queueFull reports that the publisher waits for room in the queue, or no longer.
func (fd *feeder) queueFull(waiting bool) {
	if waiting {
		fd.watch.Status("the queue is full: waiting for the workers")
	} else {
		fd.watch.Status("")
	}
}

// look reads how the job stands, now that no other process feeds it.
func (fd *feeder) look(ctx context.Context) error {
	err := fd.fleet.Retry(ctx, func() (err error) {
		fd.job, err = fd.manifest(ctx)
		return err
	})
	if err == nil {
		err = fd.inputs.Reload(ctx)
	}
	if err != nil {
		return err
	}
	if fd.job.State == task.Cancelled || fd.job.State == task.Removed {
		return cancelledError(fd.id)
	}
	compared := fd.read - uint64(len(fd.block))
	if fd.stored = fd.streams.stored(); fd.stored < compared {
		return inputLostError(fd.id, compared, fd.stored)
	}
	if fd.state = firstState(fd.job, fd.existed, fd.stored, compared); fd.state == feedAppending {
		fd.post(inputConfirmed{})
	}
	return nil
}

// take counts numbers, compares those that are stored already, and hands on the rest. After
// an error nothing is lost: the next call continues.
func (fd *feeder) take(ctx context.Context, numbers []nat.Nat) error {
	fd.count(numbers)
	if err := fd.compare(ctx); err != nil {
		return err
	}
	if len(fd.block) == 0 {
		return nil
	}
	return fd.handle(ctx, inputBeyond)
}

// count takes numbers into the digest, the counts and block.
func (fd *feeder) count(numbers []nat.Nat) {
	var work time.Duration
	fd.text = fd.text[:0]
	for _, n := range numbers {
		fd.text = append(n.AppendDecimal(fd.text), '\n')
		work += plan.Cost(fd.sub.Kind, n.BitLen())
	}
	fd.digest.Write(fd.text)
	fd.work += work
	fd.read += uint64(len(numbers))
	fd.watch.Progress.Submitted(uint64(len(numbers)), work)
	if len(fd.block) == 0 {
		fd.since = time.Now()
	}
	fd.block = append(fd.block, numbers...)
}

// hexDigest returns the digest of the numbers read so far.
func (fd *feeder) hexDigest() string { return hex.EncodeToString(fd.digest.Sum(nil)) }

// handle does what the table says about an event, and enters the next state.
func (fd *feeder) handle(ctx context.Context, e feedEvent) error {
	step := feedTable[fd.state][e]
	if err := fd.do(ctx, step.act, e); err != nil {
		return err
	}
	fd.state = step.next
	return nil
}

func (fd *feeder) do(ctx context.Context, act feedAct, e feedEvent) error {
	switch act {
	case actNothing:
		return nil
	case actConfirm:
		fd.post(inputConfirmed{})
		return nil
	case actStore:
		return fd.storeFull(ctx)
	case actStoreAll:
		return fd.storeAll(ctx, plan.Paused)
	case actSeal:
		return fd.finish(ctx)
	case actRestore:
		if fd.job.Digest != fd.hexDigest() {
			return fmt.Errorf("%w: job %s exists with other input", fleet.ErrDiffers, fd.id)
		}
		return fd.finish(ctx)
	case actMore:
		return fmt.Errorf("%w: job %s exists with %d numbers, this input has more", fleet.ErrDiffers, fd.id, fd.stored)
	case actFewer:
		return fmt.Errorf("%w: job %s exists with %d numbers, this input has only %d", fleet.ErrDiffers, fd.id, fd.stored, fd.read)
	case actUnreadable:
		return fmt.Errorf("compare the input with that of job %s: %w", fd.id, fd.end.err)
	}
	return impossible(fd.state, e)
}
