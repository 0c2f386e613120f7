package job

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
)

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

// do performs an act. After an error the state stays, and block has all that is not stored.
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
		return fd.storeAll(ctx, plan.InputPaused)
	case actSeal:
		return fd.finish(ctx)
	case actRestore:
		if fd.job.Digest != fd.hexDigest() {
			return fmt.Errorf("%w: job %s exists with other input", fleet.ErrDiffers, fd.id)
		}
		return fd.finish(ctx)
	case actMore:
		return fmt.Errorf("%w: job %s exists with %d numbers, this input has more", fleet.ErrDiffers, fd.id, fd.storedBefore)
	case actFewer:
		return fmt.Errorf("%w: job %s exists with %d numbers, this input has only %d", fleet.ErrDiffers, fd.id, fd.storedBefore, fd.read)
	case actUnreadable:
		return fmt.Errorf("compare the input with that of job %s: %w", fd.id, fd.end.err)
	}
	return impossible(fd.state, e)
}
