package job

import (
	"slices"

	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// numbersRead are numbers that were read and are not stored, with the texts of those that were not written in plain digits.
type numbersRead struct {
	first   uint64 // position of numbers[0]
	numbers []nat.Nat
	written []task.Written // by position
}

// unstored returns the numbers of block.
func (fd *feeder) unstored() numbersRead {
	return numbersRead{fd.read - uint64(len(fd.block)), fd.block, fd.written}
}

// trimWritten removes the texts of numbers that are not in block any more.
func (fd *feeder) trimWritten() { fd.written = fd.unstored().texts() }

// from returns the numbers from index i on.
func (r numbersRead) from(i int) numbersRead {
	r.first, r.numbers = r.first+uint64(i), r.numbers[i:]
	r.written = r.texts()
	return r
}

// texts returns the part of written that is of numbers.
func (r numbersRead) texts() []task.Written {
	return task.WrittenIn(r.written, task.Range{First: r.first, Count: uint64(len(r.numbers))})
}

// bytesOf returns how many bytes numbers[i] takes in a message, with its text, and 4 for the index and the size of that.
// written must be that of texts.
func (r *numbersRead) bytesOf(i int) int {
	size := r.numbers[i].ByteLen()
	if len(r.written) == 0 {
		return size
	}
	for _, w := range task.WrittenIn(r.written, task.Range{First: r.first + uint64(i), Count: 1}) {
		size += len(w.Text) + 4
	}
	return size
}

// cutBlocks cuts the first blocks off what was read, as many as fit into a shipment. Without rest it leaves out numbers
// that do not fill a block. The blocks are copies.
func cutBlocks(r numbersRead, rest bool) (blocks []task.Block) {
	for size := 0; len(blocks) < fleet.MaxBlocks && size < maxGatheredBytes; {
		n := r.blockLen()
		if n == 0 || !rest && n == len(r.numbers) && n < task.MaxCount {
			break
		}
		for i := range n {
			size += r.bytesOf(i)
		}
		behind := r.from(n)
		blocks = append(blocks, task.Block{
			Numbers: slices.Clone(r.numbers[:n]),
			Written: task.MoveWritten(task.WrittenIn(r.written, task.Span(r.first, behind.first)), r.first, 0),
		})
		r = behind
	}
	return blocks
}

// blockLen returns how many numbers fit into one block, from the first on: at most task.MaxCount
// numbers and task.MaxBlockBytes bytes, and at least one if there are any.
func (r *numbersRead) blockLen() int {
	size := 0
	for i := range r.numbers {
		if i == task.MaxCount {
			return i
		}
		if size += r.bytesOf(i); i > 0 && size > task.MaxBlockBytes {
			return i
		}
	}
	return len(r.numbers)
}
