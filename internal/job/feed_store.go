package job

import (
	"context"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// A shipment is the first numbers of feeder.block while they are being stored, as blocks. One is on its way at a time,
// so that no block is ever stored before those in front of it: another feeder could not continue behind such a gap.
// While one is on its way, the next gathers.
//
//	input ─> block ─> shipment ─> FACTOR_INPUTS
//	                      └─ stored ─> chunker ─> queuer ─> FACTOR_TASKS
type shipment struct {
	first    uint64       // position of the first number
	count    int          // numbers
	answered []task.Range // what the cache has answered, in order; set before done gets its value
	done     chan error   // gets the result of storing them, once
}

// maxGathered and maxGatheredBytes bound the numbers of a shipment, and of those that gather for the next one. The bytes
// are those of the numbers, which are less than half of those of a message.
const (
	maxGathered      = fleet.MaxBlocks * task.MaxCount
	maxGatheredBytes = 1 << 20
)

// storeFull begins to store the full blocks, and the rest too if it has waited for waitMost. If more numbers have gathered
// than fit into a shipment, it waits for the one before: so a slow server stops the reading of the input.
//
// Requires the state appending. After an error block has the numbers that are not stored.
func (fd *feeder) storeFull(ctx context.Context) error {
	for {
		if fd.shipping != nil && !fd.hasGathered() {
			return nil
		}
		if err := fd.awaitShipment(); err != nil {
			return err
		}
		blocks := cutBlocks(fd.unstored(), false)
		if len(blocks) == 0 {
			break
		}
		if err := fd.ship(ctx, blocks); err != nil {
			return err
		}
	}
	if len(fd.block) > 0 && time.Since(fd.since) > waitMost {
		return fd.storeAll(ctx, plan.InputPaused)
	}
	return nil
}

// hasGathered reports whether enough numbers for a shipment have gathered behind those that are on their way.
func (fd *feeder) hasGathered() bool {
	behind, size := fd.unstored().from(fd.shipping.count), 0
	for i := range behind.numbers {
		if size += behind.bytesOf(i); i+1 >= maxGathered || size >= maxGatheredBytes {
			return true
		}
	}
	return false
}

// storeAll stores what was read, and queues the chunks that are ready.
func (fd *feeder) storeAll(ctx context.Context, flow plan.InputState) error {
	for {
		if err := fd.awaitShipment(); err != nil {
			return err
		}
		if len(fd.block) == 0 {
			return fd.queue(flow)
		}
		fd.cut = time.Now()
		if err := fd.ship(ctx, cutBlocks(fd.unstored(), true)); err != nil {
			return err
		}
	}
}

// ship begins to store blocks, which are the first numbers of block, behind all that are stored. They are queued later: a
// task exists only for numbers that are stored. Requires that no shipment is on its way.
func (fd *feeder) ship(ctx context.Context, blocks []task.Block) error {
	if err := fd.reopen(ctx); err != nil {
		return err
	}
	s := &shipment{first: fd.read - uint64(len(fd.block)), done: make(chan error, 1)}
	for _, b := range blocks {
		s.count += len(b.Numbers)
	}
	inputs, reuser := fd.inputs, fd.reuser
	go func() { s.done <- s.store(ctx, inputs, reuser, blocks) }() // it ends with ctx
	fd.shipping = s
	return nil
}

// store stores the blocks of a shipment, and looks up its numbers meanwhile. What is known is stored after them.
func (s *shipment) store(ctx context.Context, inputs *fleet.Inputs, r *reuser, blocks []task.Block) error {
	found := make(chan []knownAnswer, 1)
	go func() { found <- r.lookUp(ctx, s.first, blocks) }()
	err := inputs.AppendBlocks(ctx, s.first, blocks...)
	answers := <-found
	if err == nil {
		s.answered = r.store(ctx, answers)
	}
	return err
}

// awaitShipment waits for the shipment that is on its way, if there is one.
func (fd *feeder) awaitShipment() error {
	if fd.shipping == nil {
		return nil
	}
	return fd.shipped(<-fd.shipping.done)
}

// shipped takes the result of the shipment, and queues the chunks that are ready.
func (fd *feeder) shipped(err error) error {
	s := fd.shipping
	n := s.count
	fd.shipping = nil
	if err != nil {
		return err
	}
	failed := fd.cutAround(s)
	if rest := fd.block[n:]; len(rest) <= n { // else a restored input would be copied again for each of its shipments
		copy(fd.block, rest)
		clear(fd.block[len(rest):])
		fd.block = fd.block[:len(rest)]
	} else {
		clear(fd.block[:n])
		fd.block = rest
	}
	fd.trimWritten()
	fd.since = time.Now()
	if failed != nil {
		return failed
	}
	return fd.queue(plan.InputFlowing)
}

// cutAround hands the numbers of a shipment, the first ones of block, to the chunker, but for those that are answered. What
// is in front of these is queued, since no chunk has a gap. After an error the holder finds missing what was not queued.
func (fd *feeder) cutAround(s *shipment) error {
	done := s.first
	for _, r := range s.answered {
		fd.chunker.Add(fd.block[done-s.first : r.First-s.first])
		if err := fd.queue(plan.InputEnded); err != nil {
			return err
		}
		fd.chunker.Skip(r.Count)
		done = r.End()
	}
	fd.chunker.Add(fd.block[done-s.first : s.count])
	return nil
}

// shipmentDone returns the channel of the shipment that is on its way; nil if there is none.
func (fd *feeder) shipmentDone() <-chan error {
	if fd.shipping == nil {
		return nil
	}
	return fd.shipping.done
}

// finish stores and queues the rest, and seals the job. Requires that the input has ended.
func (fd *feeder) finish(ctx context.Context) error {
	if err := fd.storeAll(ctx, plan.InputEnded); err != nil {
		return err
	}
	if err := fd.queuer.flush(); err != nil {
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
	j.Count, j.Work, j.Digest, j.Sizes = fd.read, fd.work, fd.hexDigest(), fd.sizes.Sizes()
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
