package fleet

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A slow input makes very many small blocks. To list all of them for each new one would cost ever more, so a block names
// those before it, and a watcher that knows an earlier block needs only the newest one:
//
//	known blocks        blocks that the header of the newest one names
//	0-1 1-1 ... 76-3    79-1 80-2 82-1     83-1
//	                    Factor-Before: 1,2,1,3,...
//
// A header has the counts of numbers of up to beforeMost blocks, the nearest first. The blocks are those that were stored
// before, without gaps or overlaps. Feeders of the first release write no such header: then all blocks are listed.
type blocksBefore []task.Range // ascending; each begins where the one before ends

const (
	beforeMost  = 32 // blocks that a header names
	extendReads = 16 // blocks that are read to reach a known one; then all are listed
)

// lastBlocks returns the last blocks that are known and end at a position, as far as they do not overlap.
func (in *Inputs) lastBlocks(end uint64) (before blocksBefore) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, b := range in.blocks[max(0, len(in.blocks)-beforeMost):] {
		before.add(b)
	}
	if in.countLocked() != end {
		return nil
	}
	return before
}

// add adds the block behind the last one.
func (b *blocksBefore) add(r task.Range) {
	if n := len(*b); n > 0 && (*b)[n-1].End() != r.First {
		*b = nil
	}
	*b = append((*b)[max(0, len(*b)-beforeMost+1):], r)
}

// write sets the header of the block that follows.
func (b blocksBefore) write(m *nats.Msg) {
	counts := make([]string, 0, len(b))
	for _, r := range slices.Backward(b) {
		counts = append(counts, strconv.FormatUint(r.Count, 10))
	}
	if len(counts) > 0 {
		m.Header.Set(schema.HeaderBefore, strings.Join(counts, ","))
	}
}

// readBefore returns the blocks that a block beginning at first names, the nearest first. Another client may have
// written anything.
func readBefore(header nats.Header, first uint64) (list []task.Range) {
	for text := range strings.SplitSeq(header.Get(schema.HeaderBefore), ",") {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil || n < 1 || n > min(first, task.MaxCount) || len(list) == beforeMost {
			break
		}
		first -= n
		list = append(list, task.Range{First: first, Count: n})
	}
	return list
}

// extend learns of the blocks up to the end of r, if they are stored. r is the range of a result; with a slow input it
// often is that of a block. Else the newest block is read. Both name the blocks before them. If these do not reach the
// ones that are known, all blocks are listed.
func (in *Inputs) extend(ctx context.Context, r task.Range) error {
	for _, name := range []string{schema.InputSubject(in.job, r), schema.InputsPrefix + in.job + ".*"} {
		if err := in.readBack(ctx, name); err != nil {
			return err
		}
		if in.Count() >= r.End() {
			return nil
		}
	}
	return in.Reload(ctx)
}

// readBack reads the last block of that subject, which may have wildcards, and blocks before it until they reach one that
// is known. It then knows all of them, and else none. It waits for a server that is unreachable.
func (in *Inputs) readBack(ctx context.Context, subject string) error {
	var chain []task.Range // descending
	for range extendReads {
		m, err := in.last(ctx, subject)
		if err != nil || m == nil {
			return err
		}
		p, err := schema.ParseSubject(m.Subject)
		block, decodeErr := task.DecodeBlock(m.Data)
		if err != nil || decodeErr != nil || uint64(len(block.Numbers)) != p.Range.Count {
			return nil
		}
		in.mu.Lock()
		in.cache.put(p.Range, block)
		in.learnKnownLocked(p.Range, m.Data)
		in.mu.Unlock()
		if len(chain) == 0 {
			chain = append(chain, p.Range)
		}
		before := readBefore(m.Header, p.Range.First)
		chain = append(chain, before...)
		if first := chain[len(chain)-1]; first.First <= in.Count() {
			in.learn(chain)
			return nil
		} else if len(before) == 0 {
			return nil
		} else {
			subject = schema.InputSubject(in.job, first)
		}
	}
	return nil
}

// last returns the last message of a subject of FACTOR_INPUTS; nil if there is none.
func (in *Inputs) last(ctx context.Context, subject string) (m *jetstream.RawStreamMsg, _ error) {
	err := in.f.link.Retry(ctx, func() (err error) {
		m, err = in.f.inputs.GetLastMsgForSubject(ctx, subject)
		return err
	})
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, stream.Explain(err)
	}
	return m, nil
}

// learn adds blocks, given in descending order, to those that are known.
func (in *Inputs) learn(blocks []task.Range) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, b := range slices.Backward(blocks) {
		in.learnLocked(b)
	}
}
