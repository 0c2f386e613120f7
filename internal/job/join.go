package job

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

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
		Budget: s.Budget, Certify: s.Certify, Keep: s.Keep, State: task.Open, Created: now,
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
	if fd.joined && (fd.job.Chunk != fd.s.Chunking.String() || fd.job.Class != fd.s.Class || fd.job.Budget != fd.s.Budget || fd.job.Certify != fd.s.Certify) {
		r.watch.Status("the job is there already: its --chunk, --priority, --budget and --certify stay what they were")
	}
	fd.release = sync.OnceFunc(func() { close(r.joined) })
	r.fed = true
	r.feeding.Store(true)
}

// compared lets the answers be printed once all numbers that were stored before are
// seen to be the same; for a job that takes no more, once its whole input is.
func (fd *feeder) compared() {
	if fd.read-uint64(len(fd.block)) >= fd.stored && !fd.closed() && fd.restores == "" {
		fd.release()
	}
}

// closed reports whether all input of the job was stored before, and still is.
func (fd *feeder) closed() bool {
	return fd.joined && fd.job.State != task.Open && !fd.job.CutOff && fd.stored >= fd.job.Count
}

// compare takes the numbers that are stored off the front of block. An error wraps
// fleet.ErrDiffers if the stored ones are others, or if there are to be no more.
func (fd *feeder) compare(ctx context.Context) error {
	if first := fd.read - uint64(len(fd.block)); first < fd.stored {
		same := fd.block[:min(uint64(len(fd.block)), fd.stored-first)]
		there, err := fd.stretch(ctx, first, len(same))
		if err != nil {
			return err
		}
		for i, n := range same {
			if n.Cmp(there[i]) != 0 {
				return fmt.Errorf("%w: job %s exists with other input: its number %d is %.40s, here it is %.40s",
					fleet.ErrDiffers, fd.job.ID, first+uint64(i)+1, there[i], n)
			}
		}
		fd.block = fd.block[len(same):]
		fd.compared()
	}
	if len(fd.block) > 0 && fd.closed() {
		return fmt.Errorf("%w: job %s exists with %d numbers, this input has more", fleet.ErrDiffers, fd.job.ID, fd.stored)
	}
	return nil
}

// stretch returns n stored numbers.
func (fd *feeder) stretch(ctx context.Context, first uint64, n int) ([]nat.Nat, error) {
	if n == 0 {
		return nil, nil
	}
	return fd.inputs.Numbers(ctx, task.Range{First: first, Count: uint64(n)})
}

// reopen takes back that a job was cut off, or has all its input: here is more of it, or
// what the server has lost.
func (fd *feeder) reopen(ctx context.Context) error {
	if fd.job.State == task.Open {
		return nil
	}
	j, err := changeJob(ctx, fd.f, fd.job.ID, func(j *task.Job) error {
		if j.State == task.Cancelled || j.State == task.Removed {
			return fmt.Errorf("job %s was %w", j.ID, ErrCancelled)
		}
		if j.CutOff {
			j.Digest = "" // of a part
		}
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
