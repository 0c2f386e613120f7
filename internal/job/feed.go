package job

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/input"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// What was read goes out when the input has been silent for pauseAfter, and after
// waitMost even if it never is.
const (
	pauseAfter = 30 * time.Millisecond
	waitMost   = 500 * time.Millisecond
)

// readAhead bounds what the reader has read before the feeder takes it.
const readAhead = 2

// feedLease is the lease of a job's feeder.
func feedLease(id string) string { return id + ".feed" }

// A feeder reads the input of one job, stores it block by block, and queues it in
// chunks: block before chunk, always.
type feeder struct {
	f      *fleet.Fleet
	s      Submission
	job    *task.Job
	joined bool // the job was there before
	inputs *fleet.Inputs
	run    *run // set by attach

	life    context.Context // of this process's part in the job: of the reader
	release func()          // closes run.joined, once

	batches <-chan []nat.Nat // what the reader has read; nil before there is one

	// Owned by the goroutine that runs feed. What was read outlives a lost lease: feed
	// may run more than once, the input is read once.
	read      uint64 // numbers read so far
	sum       hash.Hash
	text      []byte        // scratch: what sum is made of
	work      time.Duration // predicted, of all numbers read
	block     []nat.Nat     // the last numbers read: neither compared with stored ones nor stored
	since     time.Time     // the first of block was read then
	stored    uint64        // numbers that were stored when feed began
	restores  string        // digest of the whole input, of which the server has lost some; "" = of none
	chunker   *plan.Chunker
	publisher *fleet.Publisher

	// Written by the reader's goroutine, read after it has closed batches.
	failed   error // why the input could not be read to its end
	badCount uint64
	bad      []task.BadToken
}

// errFed ends the feeder's hold on its lease.
var errFed = errors.New("fed")

// hold feeds while this process has the feeder's lease: two feeders at once would
// cut the same input into different blocks.
func (fd *feeder) hold(ctx context.Context) error {
	fd.life = ctx
	if holder, _ := fd.f.Holder(ctx, feedLease(fd.job.ID)); fd.joined && holder != "" {
		fd.run.watch.Status("another process is still submitting this job, or died a moment ago: waiting for it")
	}
	err := fd.f.Hold(ctx, feedLease(fd.job.ID), fd.run.holder, func(ctx context.Context) error {
		fd.run.watch.Status("")
		if err := fd.feed(ctx); err != nil {
			return err
		}
		return errFed
	})
	if errors.Is(err, errFed) {
		return nil
	}
	return err
}

// feed reads the input to its end. It goes on from what is stored, by this process
// or by others.
func (fd *feeder) feed(ctx context.Context) error {
	if err := fd.look(ctx); err != nil {
		return err
	}
	fd.chunker = plan.NewChunker(fd.s.Chunking, fd.s.Kind, max(2, fd.run.watch.Slots()), fd.stored)
	fd.publisher = fd.f.Publisher(fd.job, fd.run.finished.Load, func(waiting bool) {
		if waiting {
			fd.run.watch.Status("the queue is full: waiting for the workers")
		} else {
			fd.run.watch.Status("")
		}
	})
	if err := fd.take(ctx, nil); err != nil { // what an earlier feed has left
		return err
	}
	if fd.batches == nil {
		fd.batches = fd.reader()
	}
	silence := time.NewTimer(pauseAfter)
	defer silence.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case numbers, ok := <-fd.batches:
			if !ok {
				return fd.finish(ctx)
			}
			if err := fd.take(ctx, numbers); err != nil {
				return err
			}
			silence.Reset(pauseAfter)
		case <-silence.C:
			if err := fd.store(ctx, plan.InputPaused); err != nil {
				return err
			}
		}
	}
}

// look finds out how the job stands now that nobody else feeds it.
func (fd *feeder) look(ctx context.Context) error {
	err := fd.f.Retry(ctx, func() (err error) {
		fd.job, err = fd.f.Job(ctx, fd.job.ID)
		return err
	})
	if err == nil {
		err = fd.inputs.Reload(ctx)
	}
	if err != nil {
		return err
	}
	if fd.job.State == task.Cancelled || fd.job.State == task.Removed {
		return fmt.Errorf("job %s was %w", fd.job.ID, ErrCancelled)
	}
	fd.stored = fd.inputs.Count()
	if had := fd.read - uint64(len(fd.block)); fd.stored < had {
		return inputLost(fd.job.ID, had, fd.stored)
	}
	fd.restores = ""
	if fd.joined && !fd.job.CutOff && (fd.job.State == task.Open || fd.stored < fd.job.Count) {
		fd.restores = fd.job.Digest // an open job has one only if somebody began to restore it
	}
	fd.compared()
	return nil
}

// reader reads the input in a goroutine of its own, which nothing can stop while it
// waits for a terminal or a pipe.
func (fd *feeder) reader() <-chan []nat.Nat {
	batches := make(chan []nat.Nat, readAhead)
	in := input.New(func(b task.BadToken) {
		fd.badCount++
		if len(fd.bad) < task.MaxBad {
			fd.bad = append(fd.bad, b)
		}
		if fd.s.OnBad != nil {
			fd.s.OnBad(b)
		}
	}, fd.s.Sources...)
	go func() {
		defer close(batches)
		for {
			numbers := make([]nat.Nat, task.MaxCount)
			n, err := in.Read(numbers)
			if n > 0 {
				select {
				case batches <- numbers[:n:n]:
				case <-fd.life.Done():
					return
				}
			}
			if err != nil {
				if err != io.EOF {
					fd.failed = err
				}
				return
			}
		}
	}()
	return batches
}

// take counts numbers, compares those that are stored already, and stores the rest
// in full blocks. After an error nothing is lost: the next call goes on.
func (fd *feeder) take(ctx context.Context, numbers []nat.Nat) error {
	fd.count(numbers)
	if err := fd.compare(ctx); err != nil || fd.restores != "" {
		return err
	}
	for {
		n := blockLen(fd.block)
		if n == len(fd.block) && n < task.MaxCount {
			break
		}
		if err := fd.storeBlock(ctx, n); err != nil {
			return err
		}
		if err := fd.queue(ctx, plan.InputFlowing); err != nil {
			return err
		}
		fd.since = time.Now()
	}
	if len(fd.block) > 0 && time.Since(fd.since) > waitMost {
		return fd.store(ctx, plan.InputPaused)
	}
	return nil
}

// count takes numbers into the sums and into block.
func (fd *feeder) count(numbers []nat.Nat) {
	var work time.Duration
	fd.text = fd.text[:0]
	for _, n := range numbers {
		fd.text = append(n.AppendDecimal(fd.text), '\n')
		work += plan.Cost(fd.s.Kind, n.BitLen())
	}
	fd.sum.Write(fd.text)
	fd.work += work
	fd.read += uint64(len(numbers))
	fd.run.watch.Progress.Submitted(uint64(len(numbers)), work)
	if len(fd.block) == 0 {
		fd.since = time.Now()
	}
	fd.block = append(fd.block, numbers...)
}

// blockLen returns how many of numbers fit into one block, from the first on.
func blockLen(numbers []nat.Nat) int {
	size := 0
	for i, n := range numbers {
		if size += n.ByteLen(); i == task.MaxCount || i > 0 && size > task.MaxBlockBytes {
			return i
		}
	}
	return len(numbers)
}

// store stores what was read and queues the chunks that are ready. What is to be restored
// waits until all of it is read, and known to be the same.
func (fd *feeder) store(ctx context.Context, flow plan.InputState) error {
	if fd.restores != "" {
		return nil
	}
	for len(fd.block) > 0 {
		if err := fd.storeBlock(ctx, blockLen(fd.block)); err != nil {
			return err
		}
	}
	return fd.queue(ctx, flow)
}

// storeBlock stores the first n numbers of block.
func (fd *feeder) storeBlock(ctx context.Context, n int) error {
	if err := fd.reopen(ctx); err != nil {
		return err
	}
	numbers := fd.block[:n:n]
	if _, err := fd.inputs.Append(ctx, numbers); err != nil {
		return err
	}
	fd.chunker.Add(numbers)
	if fd.block = fd.block[n:]; len(fd.block) == 0 {
		fd.block = make([]nat.Nat, 0, task.MaxCount)
	}
	return nil
}

// queue publishes the chunks that are ready. What it does not come to publish is
// stored, and found missing by the holder.
func (fd *feeder) queue(ctx context.Context, flow plan.InputState) error {
	var chunks []plan.Chunk
	for {
		chunk, ok := fd.chunker.Next(flow)
		if !ok {
			return fd.publisher.Publish(ctx, chunks)
		}
		chunks = append(chunks, chunk)
	}
}

// finish stores and queues the rest and seals the job. If the input could not be read
// to its end, what was read of it is done all the same.
func (fd *feeder) finish(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case fd.failed != nil && (fd.read < fd.stored || fd.restores != ""):
		return fmt.Errorf("compare the input with that of job %s: %w", fd.job.ID, fd.failed)
	case fd.read < fd.stored:
		return fmt.Errorf("%w: job %s exists with %d numbers, this input has only %d", fleet.ErrDiffers, fd.job.ID, fd.stored, fd.read)
	}
	if fd.restores != "" && fd.restores != fd.digest() {
		return fmt.Errorf("%w: job %s exists with other input", fleet.ErrDiffers, fd.job.ID)
	}
	fd.restores = ""
	if err := fd.store(ctx, plan.InputEnded); err != nil {
		return err
	}
	if err := fd.seal(ctx); err != nil {
		return err
	}
	fd.release()
	fd.run.watch.Progress.Seal()
	fd.run.feeding.Store(false)
	fd.run.askReview()
	return fd.run.checkComplete()
}

// digest returns that of the numbers read so far.
func (fd *feeder) digest() string { return hex.EncodeToString(fd.sum.Sum(nil)) }

// seal writes down that all input is stored, or how it was cut off. Of a job that was
// sealed before, only that it was not cut off after all.
func (fd *feeder) seal(ctx context.Context) error {
	j, err := changeJob(ctx, fd.f, fd.job.ID, func(j *task.Job) error {
		switch {
		case j.State == task.Cancelled || j.State == task.Removed:
			return fmt.Errorf("job %s was %w", j.ID, ErrCancelled)
		case j.State == task.Open, j.Count != fd.read: // or sealed as cut off while we could not be seen
			j.State, j.Ended, j.Expires = task.Sealed, nil, nil
		}
		j.CutOff, j.Note = false, ""
		if fd.failed != nil {
			j.CutOff, j.Note = true, fd.failed.Error()
		}
		j.Count, j.Work, j.Digest = fd.read, fd.work, fd.digest()
		j.BadCount, j.Bad = fd.badCount, fd.bad
		return nil
	})
	if err == nil {
		fd.run.manifest.Store(j)
	}
	return err
}

// changeJob is fleet.ChangeJob for a change that may be done twice: a server that is
// away is waited for.
func changeJob(ctx context.Context, f *fleet.Fleet, id string, change func(*task.Job) error) (j *task.Job, err error) {
	err = f.Retry(ctx, func() error {
		j, err = f.ChangeJob(ctx, id, change)
		return err
	})
	return j, err
}
