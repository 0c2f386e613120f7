package job

import (
	"context"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// storeFull stores and queues the full blocks, and the rest too if it has waited for waitMost. Each
// block is queued before the next is stored, so that workers start at once and a full queue stops the
// reading of the input.
//
// Requires the state appending. After an error block has the numbers that are not stored.
func (fd *feeder) storeFull(ctx context.Context) error {
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
		return fd.storeAll(ctx, plan.InputPaused)
	}
	return nil
}

// blockLen returns how many of numbers fit into one block, from the first on: at most task.MaxCount
// numbers and task.MaxBlockBytes bytes, and at least one if there are any.
func blockLen(numbers []nat.Nat) int {
	size := 0
	for i, n := range numbers {
		if size += n.ByteLen(); i == task.MaxCount || i > 0 && size > task.MaxBlockBytes {
			return i
		}
	}
	return len(numbers)
}

// storeAll stores what was read, and queues the chunks that are ready.
func (fd *feeder) storeAll(ctx context.Context, flow plan.InputState) error {
	for len(fd.block) > 0 {
		if err := fd.storeBlock(ctx, blockLen(fd.block)); err != nil {
			return err
		}
	}
	return fd.queue(ctx, flow)
}

// storeBlock stores the first n numbers of block, 1 <= n <= blockLen(block), behind all that are
// stored. They are queued later: a task exists only for numbers that are stored.
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
		fd.block = make([]nat.Nat, 0, task.MaxCount) // Append keeps the numbers
	}
	return nil
}

// queue publishes the chunks that are ready, and waits while the queue is full. The numbers of chunks
// that are not published because of an error are stored, so that the holder finds them missing.
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

// finish stores and queues the rest, and seals the job. Requires that the input has ended.
func (fd *feeder) finish(ctx context.Context) error {
	if err := fd.storeAll(ctx, plan.InputEnded); err != nil {
		return err
	}
	j, err := fd.changeJob(ctx, fd.seal)
	if err != nil {
		return err
	}
	fd.job = j
	fd.watch.Progress.Seal()
	fd.post(inputSealed{j})
	return nil
}

// seal writes into j that all input is stored, or how it was cut off. A job that is sealed or done
// with the same number of numbers keeps its state. With another number, a holder has sealed it as cut
// off while this process was unreachable: it is sealed anew.
func (fd *feeder) seal(j *task.Job) {
	if j.State == task.Open || j.Count != fd.read {
		j.State, j.Ended, j.Expires = task.Sealed, nil, nil
	}
	if j.State == task.Sealed {
		j.Expires = nil // of a job that was cut off
	}
	j.CutOff, j.Note = false, ""
	if fd.end.err != nil {
		j.CutOff, j.Note = true, fd.end.err.Error()
	}
	j.Count, j.Work, j.Digest = fd.read, fd.work, fd.hexDigest()
	j.BadCount, j.Bad = fd.end.badCount, fd.end.bad
}

// reopen makes the manifest open again if it was sealed, before more numbers are stored: there is more
// input than a cut-off job has, or input that the server has lost. The digest of a job that was not
// cut off stays. By that a later feeder knows that the input is being restored, and stores nothing
// before it has compared the digest.
func (fd *feeder) reopen(ctx context.Context) error {
	if fd.job.State == task.Open {
		return nil
	}
	j, err := fd.changeJob(ctx, func(j *task.Job) {
		if j.CutOff {
			j.Digest = "" // it is that of a part
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

// changeJob changes the manifest unless the job was cancelled or removed, and returns what it has
// written. It waits for an unreachable server. So change may be called several times, each time with
// the manifest as it stands then.
func (fd *feeder) changeJob(ctx context.Context, change func(*task.Job)) (j *task.Job, _ error) {
	err := fd.fleet.Retry(ctx, func() (err error) {
		j, err = fd.fleet.ChangeJob(ctx, fd.id, func(j *task.Job) error {
			if end, ok := manifestEnding(j); ok {
				return end.err
			}
			change(j)
			return nil
		})
		return err
	})
	return j, err
}
