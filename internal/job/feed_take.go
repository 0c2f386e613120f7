package job

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
	figure "factorfleet/internal/text"
)

// take takes the next piece of the input, or an empty one: it compares those that are stored already, and
// hands the rest to the state. After an error nothing is lost, because numbers are counted into block
// first: the next call continues with block.
func (fd *feeder) take(ctx context.Context, p piece) error {
	fd.count(p.numbers, p.written)
	if err := fd.compare(ctx); err != nil {
		return err
	}
	if len(fd.block) == 0 {
		return nil
	}
	return fd.handle(ctx, inputBeyond)
}

// count takes numbers into the digest, the counts and block. It is called once for each number, so
// that the digest and the counts are those of the input, whatever happens to the lease.
func (fd *feeder) count(numbers []nat.Nat, written []task.Written) {
	fd.written = append(fd.written, task.MoveWritten(written, 0, fd.read)...)
	tally := plan.NewTally(plan.ExpectationOf(fd.job))
	fd.text = fd.text[:0]
	for i, n := range numbers {
		if fd.sub.OnNumber != nil {
			fd.sub.OnNumber(fd.read+uint64(i), n)
		}
		if fd.text = appendDigest(fd.text, fd.sub.Kind, n); len(fd.text) >= digestedAtOnce {
			fd.digest.Write(fd.text)
			fd.text = fd.text[:0]
		}
		fd.work += tally.Add(n.BitLen())
	}
	fd.digest.Write(fd.text)
	fd.read += uint64(len(numbers))
	fd.sizes.Join(tally)
	fd.watch.Progress.Submitted(tally)
	if len(fd.block) == 0 {
		fd.since = time.Now()
	}
	fd.block = append(fd.block, numbers...)
}

// digestedAtOnce bounds the memory of what goes into the digest, in bytes.
const digestedAtOnce = 256 << 10

// appendDigest appends what goes into the digest for a number: its decimal digits and a newline, or for an item the count
// of its bytes as a varint, and these bytes.
func appendDigest(b []byte, kind string, n nat.Nat) []byte {
	if !task.IsExec(kind) {
		return append(n.AppendDecimal(b), '\n')
	}
	b = binary.AppendUvarint(b, uint64(n.ByteLen()))
	return n.AppendBytes(b)
}

// hexDigest returns the digest of the numbers read so far, as the manifest has it.
func (fd *feeder) hexDigest() string { return hex.EncodeToString(fd.digest.Sum(nil)) }

// handle does what feedTable says about an event, and enters the next state unless that fails.
func (fd *feeder) handle(ctx context.Context, e feedEvent) error {
	step := feedTable[fd.state][e]
	if err := fd.do(ctx, step.act, e); err != nil {
		return err
	}
	fd.state = step.next
	return nil
}

// do performs an act. After an error block has all numbers that are not stored, so that the act can
// be done again. e is the event, for an error message.
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
		return fmt.Errorf("%w: job %s exists with %s, this input has more", fleet.ErrDiffers, fd.id, figure.Count(fd.storedBefore, task.Noun(fd.sub.Kind)))
	case actFewer:
		return fmt.Errorf("%w: job %s exists with %s, this input has only %s", fleet.ErrDiffers, fd.id, figure.Count(fd.storedBefore, task.Noun(fd.sub.Kind)), figure.Thousands(fd.read))
	case actUnreadable:
		return fmt.Errorf("compare the input with that of job %s: %w", fd.id, fd.end.err)
	}
	return impossible(fd.state, e)
}

// compare takes the numbers that were stored before off the front of block, and handles inputMatched
// with the last of them. An error wraps fleet.ErrDiffers if a stored number is different.
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
	fd.trimWritten()
	if first+n < fd.storedBefore {
		return nil
	}
	return fd.handle(ctx, inputMatched)
}

// compareRange compares the first r.Count numbers of block with the stored range r. Positions that a
// user sees count from 1.
func (fd *feeder) compareRange(ctx context.Context, r task.Range) error {
	stored, err := fd.inputs.Numbers(ctx, r)
	if err != nil {
		return err
	}
	for i, n := range fd.block[:r.Count] {
		if n.Cmp(stored[i]) != 0 {
			return fmt.Errorf("%w: job %s exists with other input: its %s %s is %s, here it is %s",
				fleet.ErrDiffers, fd.id, task.Noun(fd.sub.Kind), figure.Thousands(r.First+uint64(i)+1), task.Brief(fd.sub.Kind, stored[i]), task.Brief(fd.sub.Kind, n))
		}
	}
	return nil
}
