package fleet

import (
	"context"

	"factorfleet/internal/task"
)

// Written returns how the input wrote the numbers of r that it did not write in plain digits, by their positions. r is
// stored: Numbers has returned its numbers. An error wraps the same as that of Numbers. It is quick if there are none,
// and if the blocks were read just before, by Numbers.
func (in *Inputs) Written(ctx context.Context, r task.Range) (list []task.Written, err error) {
	for r.Count > 0 {
		b, block, err := in.block(ctx, r.First)
		if err != nil {
			return nil, err
		}
		part := task.Span(r.First, min(r.End(), b.End()))
		inBlock := task.Range{First: part.First - b.First, Count: part.Count}
		list = append(list, task.MoveWritten(task.WrittenIn(block.Written, inBlock), 0, b.First)...)
		r = task.Span(part.End(), r.End())
	}
	return list, nil
}
