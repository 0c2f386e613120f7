package job

import (
	"context"
	"io"

	"factorfleet/internal/input"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// readAhead is how many pieces are read before the feeder takes them: with the one that is being read
// and the one that is being stored at most 4 * task.MaxCount numbers.
const readAhead = 2

// A piece is what was read of the input: up to task.MaxCount numbers, or the end.
type piece struct {
	numbers []nat.Nat
	written []task.Written // of numbers, by index
	known   []task.Known   // divisors of some of numbers, by index
	end     *inputEnd      // nil but in the last piece, which has no numbers
}

// An inputEnd is how the input ended.
type inputEnd struct {
	err      error // why it cannot be read any further; nil = it was read to its end
	badCount uint64
	bad      []task.BadToken // the first task.MaxBad of them
}

// readInput reads the input in a goroutine of its own, because nothing can interrupt a read from a
// terminal or a pipe, and returns the pieces in order. The goroutine stops at the end of the input, or
// at the first piece after the end of ctx. The process does not wait for it: its group is not that of
// the loop. The channel is not closed, and the last piece has the end.
func readInput(ctx context.Context, sub Submission) <-chan piece {
	pieces := make(chan piece, readAhead)
	go func() {
		end := new(inputEnd)
		in := input.New(func(b task.BadToken) {
			end.badCount++
			if len(end.bad) < task.MaxBad {
				end.bad = append(end.bad, b)
			}
			if sub.OnBad != nil {
				sub.OnBad(b)
			}
		}, sub.Sources...)
		for {
			numbers := make([]nat.Nat, task.MaxCount)
			n, err := in.Read(numbers)
			if n > 0 && !send(ctx, pieces, piece{numbers: numbers[:n:n], written: in.Written(), known: in.Known()}) {
				return
			}
			if err != nil {
				if err != io.EOF {
					end.err = err
				}
				send(ctx, pieces, piece{end: end})
				return
			}
		}
	}()
	return pieces
}

// send reports whether p was sent before ctx ended.
func send(ctx context.Context, pieces chan<- piece, p piece) bool {
	select {
	case pieces <- p:
		return true
	case <-ctx.Done():
		return false
	}
}
