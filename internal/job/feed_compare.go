package job

import (
	"context"
	"fmt"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// compare takes the numbers that are stored already off the front of block. An error wraps
// fleet.ErrDiffers if a stored number is different.
func (fd *feeder) compare(ctx context.Context) error {
	first := fd.read - uint64(len(fd.block)) // position of block[0]
	if first >= fd.storedBefore {
		return nil
	}
	n := min(uint64(len(fd.block)), fd.storedBefore-first)
	if n > 0 {
		if err := fd.compareRange(ctx, task.Range{First: first, Count: n}); err != nil {
			return err
		}
	}
	fd.block = fd.block[n:]
	if first+n < fd.storedBefore {
		return nil
	}
	return fd.handle(ctx, inputMatched)
}

// compareRange compares the first numbers of block with the stored range r.
func (fd *feeder) compareRange(ctx context.Context, r task.Range) error {
	stored, err := fd.inputs.Numbers(ctx, r)
	if err != nil {
		return err
	}
	for i, n := range fd.block[:r.Count] {
		if n.Cmp(stored[i]) != 0 {
			return fmt.Errorf("%w: job %s exists with other input: its number %d is %.40s, here it is %.40s",
				fleet.ErrDiffers, fd.id, r.First+uint64(i)+1, stored[i], n)
		}
	}
	return nil
}

// reopen makes the manifest open again if it was sealed: there is more input than a cut-off
// job has, or what the server has lost.
func (fd *feeder) reopen(ctx context.Context) error {
	if fd.job.State == task.Open {
		return nil
	}
	j, err := fd.changeJob(ctx, func(j *task.Job) {
		if j.CutOff {
			j.Digest = "" // it is that of a part: see firstState
		}
		j.State, j.CutOff, j.Note, j.Count = task.Open, false, "", 0
		j.Ended, j.Expires = nil, nil
	})
	if err != nil {
		return err
	}
	fd.job = j
	fd.post(manifestChanged{j})
	return nil
}

// changeJob changes the manifest unless the job was cancelled or removed. change may be
// called twice: an unreachable server is waited for.
func (fd *feeder) changeJob(ctx context.Context, change func(*task.Job)) (j *task.Job, _ error) {
	err := fd.fleet.Retry(ctx, func() (err error) {
		j, err = fd.fleet.ChangeJob(ctx, fd.id, func(j *task.Job) error {
			if j.State == task.Cancelled || j.State == task.Removed {
				return cancelledError(j.ID)
			}
			change(j)
			return nil
		})
		return err
	})
	return j, err
}
