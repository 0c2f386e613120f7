package verify

import (
	"errors"
	"fmt"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

var (
	errNoItem   = errors.New("the number is not an item")
	errNoLine   = errors.New("the answer is not one line")
	errOthers   = errors.New("the answers are for other items than those of the job")
	errTooLarge = errors.New("the number has more than 16,384 bits") // task.MaxBits
)

// Items checks the form of the answers of r, of a kind exec:NAME, for items of a format: one line for each item, which
// has that format. Only the command could tell whether an answer is true, so nothing else is verified. The worker must
// state that its task had these items.
func Items(kind string, format task.Format, items []nat.Nat, r *task.Result) error {
	if r.Kind != kind {
		return fmt.Errorf("kind %.40q in a job of kind %s", r.Kind, kind)
	}
	if len(r.Items) != len(items) {
		return fmt.Errorf("%d answers for %d items", len(r.Items), len(items))
	}
	if err := Lines(r); err != nil {
		return err
	}
	if r.Asked != task.HashNumbers(items) {
		return errOthers
	}
	var buf []byte
	for i, n := range items {
		var ok bool
		if buf, ok = task.AppendItem(buf[:0], n); !ok {
			return fmt.Errorf("number %d of %d: %w", i+1, len(items), errNoItem)
		}
		buf, _ = r.Items[i].AppendItem(buf[:0])
		if err := task.CheckItem(format, buf); err != nil {
			return fmt.Errorf("item %d of %d, %s: its answer: %w", i+1, len(items), task.Brief(kind, n), err)
		}
	}
	return nil
}

// Lines checks that each answer of r, of a kind exec:NAME, is one line of any format.
func Lines(r *task.Result) error {
	var buf []byte
	for i := range r.Items {
		line, ok := r.Items[i].AppendItem(buf[:0])
		if !ok {
			return fmt.Errorf("answer %d of %d: %w", i+1, len(r.Items), errNoLine)
		}
		buf = line
	}
	return nil
}
