package job

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/input"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// pauseAfter is how long the input may be silent before what was read goes out.
const pauseAfter = 30 * time.Millisecond

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

	release func() // closes run.joined, once

	// Owned by the goroutine that runs feed.
	read      uint64 // numbers read so far
	sum       hash.Hash
	line      []byte        // scratch
	work      time.Duration // predicted, of all numbers read
	block     []nat.Nat     // read, not yet stored
	size      int           // bytes of block
	chunker   *plan.Chunker
	publisher *fleet.Publisher

	// Written by the reader's goroutine, read after it has closed its channel.
	badCount uint64
	bad      []task.BadToken
}

// begin creates the job, or joins one that is there.
func begin(ctx context.Context, f *fleet.Fleet, s Submission) (*feeder, error) {
	fd := &feeder{f: f, s: s, sum: sha256.New()}
	now := time.Now()
	id := s.ID
	if id == "" {
		id = task.NewJobID(now)
	}
	if err := task.CheckJob(id); err != nil {
		return nil, err
	}
	fd.job = &task.Job{
		ID: id, Schema: 1, Kind: s.Kind, Class: s.Class, Chunk: s.Chunking.String(),
		Budget: s.Budget, Keep: s.Keep, State: task.Open, Created: now,
	}
	err := f.CreateJob(ctx, fd.job)
	if errors.Is(err, fleet.ErrDiffers) && s.ID != "" {
		err = fd.join(ctx)
	}
	if err != nil {
		return nil, err
	}
	fd.inputs, err = f.Inputs(ctx, id)
	return fd, err
}

// join takes over the manifest of the job that is there.
func (fd *feeder) join(ctx context.Context) error {
	j, err := fd.f.Job(ctx, fd.s.ID)
	switch {
	case err != nil:
		return err
	case j.State == task.Removed:
		return fmt.Errorf("%w: job %s was there and was removed; its id is free again after a day", fleet.ErrDiffers, j.ID)
	case j.State == task.Cancelled:
		return fmt.Errorf("%w: job %s was cancelled; use another --id, or `producer rm %s` and wait a day", fleet.ErrDiffers, j.ID, j.ID)
	case j.Kind != fd.s.Kind:
		return fmt.Errorf("%w: job %s exists and is of kind %s, not %s", fleet.ErrDiffers, j.ID, j.Kind, fd.s.Kind)
	}
	fd.job, fd.joined = j, true
	return nil
}

// attach makes the feeder part of r.
func (fd *feeder) attach(r *run) {
	fd.run = r
	fd.release = sync.OnceFunc(func() { close(r.joined) })
	r.feeding.Store(true)
}

// errFed ends the feeder's hold on its lease.
var errFed = errors.New("fed")

// hold feeds while this process has the feeder's lease: two feeders at once would
// cut the same input into different blocks.
func (fd *feeder) hold(ctx context.Context) error {
	if fd.joined && fd.f.Holder(ctx, feedLease(fd.job.ID)) != "" {
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

// feed reads the input to its end.
func (fd *feeder) feed(ctx context.Context) error {
	if err := fd.inputs.Reload(ctx); err != nil {
		return err
	}
	stored := fd.inputs.Count()
	fd.compared(stored)
	fd.chunker = plan.NewChunker(fd.s.Chunking, fd.s.Kind, max(2, fd.run.watch.Slots()), stored)
	fd.publisher = fd.f.Publisher(fd.job, fd.run.finished.Load, func(waiting bool) {
		if waiting {
			fd.run.watch.Status("the queue is full: waiting for the workers")
		} else {
			fd.run.watch.Status("")
		}
	})
	batches, failed := fd.reader(ctx)
	silence := time.NewTimer(pauseAfter)
	defer silence.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case numbers, ok := <-batches:
			if !ok {
				return fd.finish(ctx, stored, *failed)
			}
			if err := fd.take(ctx, numbers, stored); err != nil {
				return err
			}
			silence.Reset(pauseAfter)
		case <-silence.C:
			if err := fd.store(ctx, plan.Paused); err != nil {
				return err
			}
		}
	}
}

// reader reads the input in a goroutine of its own, which nothing can stop while it
// waits for a terminal or a pipe. The error is set before the channel is closed.
func (fd *feeder) reader(ctx context.Context) (<-chan []nat.Nat, *error) {
	batches := make(chan []nat.Nat, readAhead)
	failed := new(error)
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
				case <-ctx.Done():
					return
				}
			}
			if err != nil {
				if err != io.EOF {
					*failed = err
				}
				return
			}
		}
	}()
	return batches, failed
}

// take counts numbers, compares those that are stored already, and stores the rest
// in full blocks.
func (fd *feeder) take(ctx context.Context, numbers []nat.Nat, stored uint64) error {
	var work time.Duration
	for _, n := range numbers {
		fd.line = append(n.AppendDecimal(fd.line[:0]), '\n')
		fd.sum.Write(fd.line)
		work += plan.Cost(fd.s.Kind, n.BitLen())
	}
	fd.work += work
	fd.run.watch.Progress.Submitted(uint64(len(numbers)), work)
	first := fd.read
	fd.read += uint64(len(numbers))
	if first < stored {
		same := numbers[:min(uint64(len(numbers)), stored-first)]
		if err := fd.compare(ctx, first, same); err != nil {
			return err
		}
		numbers = numbers[len(same):]
		fd.compared(stored)
	}
	if len(numbers) > 0 && fd.closed() {
		return fmt.Errorf("%w: job %s exists with %d numbers, this input has more", fleet.ErrDiffers, fd.job.ID, stored)
	}
	for _, n := range numbers {
		if len(fd.block) == task.MaxCount || len(fd.block) > 0 && fd.size+n.ByteLen() > task.MaxBlockBytes {
			if err := fd.store(ctx, plan.Flowing); err != nil {
				return err
			}
		}
		fd.block = append(fd.block, n)
		fd.size += n.ByteLen()
	}
	return nil
}

// compared lets the answers be printed once all numbers that were stored before are
// seen to be the same; for a job that takes no more, once its whole input is.
func (fd *feeder) compared(stored uint64) {
	if fd.read >= stored && !fd.closed() {
		fd.release()
	}
}

// closed reports whether all input of the job was stored before.
func (fd *feeder) closed() bool {
	return fd.joined && fd.job.State != task.Open && !fd.job.CutOff
}

// compare returns an error wrapping fleet.ErrDiffers if the stored numbers from first
// on are others.
func (fd *feeder) compare(ctx context.Context, first uint64, numbers []nat.Nat) error {
	there, err := fd.inputs.Numbers(ctx, task.Range{First: first, Count: uint64(len(numbers))})
	if err != nil {
		return err
	}
	for i, n := range numbers {
		if n.Cmp(there[i]) != 0 {
			return fmt.Errorf("%w: job %s exists with other input: its number %d is %.40s, here it is %.40s",
				fleet.ErrDiffers, fd.job.ID, first+uint64(i)+1, there[i], n)
		}
	}
	return nil
}

// store stores the block that was read and queues the chunks that are ready.
func (fd *feeder) store(ctx context.Context, flow plan.Flow) error {
	if len(fd.block) > 0 {
		if err := fd.reopen(ctx); err != nil {
			return err
		}
		if _, err := fd.inputs.Append(ctx, fd.block); err != nil {
			return err
		}
		fd.chunker.Add(fd.block)
		fd.block, fd.size = make([]nat.Nat, 0, task.MaxCount), 0
	}
	var chunks []plan.Chunk
	for {
		chunk, ok := fd.chunker.Next(flow)
		if !ok {
			return fd.publisher.Publish(ctx, chunks)
		}
		chunks = append(chunks, chunk)
	}
}

// reopen takes back that a job was cut off: here is its input.
func (fd *feeder) reopen(ctx context.Context) error {
	if !fd.joined || fd.job.State == task.Open {
		return nil
	}
	j, err := fd.f.ChangeJob(ctx, fd.job.ID, func(j *task.Job) error {
		j.State, j.CutOff, j.Note, j.Count = task.Open, false, "", 0
		j.Ended, j.Expires = nil, nil
		return nil
	})
	if err == nil {
		fd.job = j
		fd.run.manifest.Store(j)
	}
	return err
}

// finish stores and queues the rest and seals the job. failed is why the input could
// not be read to its end, or nil: what was read of it is done all the same.
func (fd *feeder) finish(ctx context.Context, stored uint64, failed error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if fd.read < stored && failed == nil {
		return fmt.Errorf("%w: job %s exists with %d numbers, this input has only %d", fleet.ErrDiffers, fd.job.ID, stored, fd.read)
	}
	if err := fd.store(ctx, plan.Ended); err != nil {
		return err
	}
	if err := fd.seal(ctx, failed); err != nil {
		return err
	}
	fd.release()
	fd.run.watch.Progress.Seal()
	fd.run.feeding.Store(false)
	fd.run.askReview()
	return fd.run.checkComplete()
}

// seal writes down that all input is stored, or how it was cut off. Of a job that was
// sealed before, only that it was not cut off after all.
func (fd *feeder) seal(ctx context.Context, failed error) error {
	j, err := fd.f.ChangeJob(ctx, fd.job.ID, func(j *task.Job) error {
		switch {
		case j.State == task.Cancelled || j.State == task.Removed:
			return fmt.Errorf("job %s was %w", j.ID, ErrCancelled)
		case j.State == task.Open:
			j.State = task.Sealed
		}
		j.CutOff, j.Note = false, ""
		if failed != nil {
			j.CutOff, j.Note = true, failed.Error()
		}
		j.Count, j.Work, j.Digest = fd.read, fd.work, hex.EncodeToString(fd.sum.Sum(nil))
		j.BadCount, j.Bad = fd.badCount, fd.bad
		return nil
	})
	if err == nil {
		fd.run.manifest.Store(j)
	}
	return err
}
