package fleet

import (
	"errors"
	"testing"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// checkNumbers checks that a range of the record of the numbers 0, 1, 2, ... is right.
func checkNumbers(t *testing.T, in *Inputs, r task.Range) {
	t.Helper()
	got, err := in.Numbers(t.Context(), r)
	if err != nil || uint64(len(got)) != r.Count {
		t.Errorf("%v: %d numbers, %v", r, len(got), err)
		return
	}
	for i, n := range got {
		if w, _ := n.Word(); w != r.First+uint64(i) {
			t.Errorf("%v: number %d is %v", r, i, n)
			return
		}
	}
}

func TestInputs(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	_, writer := h.job("j", task.ClassNorm, 0)
	reader, err := h.Inputs(t.Context(), "j")
	if err != nil || reader.Count() != 0 {
		t.Fatalf("%d numbers, %v", reader.Count(), err)
	}
	if _, err := reader.Numbers(t.Context(), task.Range{Count: 1}); !errors.Is(err, collect.ErrNoInput) {
		t.Errorf("a number of nothing: %v", err)
	}
	const blocks = cachedBlocks + 6 // of 10: more than the cache holds
	for i := range blocks {
		if err := writer.Append(t.Context(), uint64(10*i), numbers(10*i, 10)); err != nil {
			t.Fatal(err)
		}
	}
	const end = 10 * blocks
	for _, in := range []*Inputs{writer, reader} {
		for _, r := range []task.Range{{First: 0, Count: 1}, {First: end - 1, Count: 1}, {First: 0, Count: 10}, {First: 5, Count: 10}, {First: 9, Count: 22}, {First: 0, Count: end}, {First: 3, Count: 4}} {
			checkNumbers(t, in, r)
		}
		if in.Count() != end {
			t.Errorf("%d numbers, want %d", in.Count(), end)
		}
		if n := len(in.cache.entries); n > cachedBlocks {
			t.Errorf("%d blocks are cached", n)
		}
		for _, r := range []task.Range{{First: end, Count: 1}, {First: end - 1, Count: 2}, {First: 0, Count: 1_000_000}, {First: task.MaxPosition - 2, Count: 1}} {
			if _, err := in.Numbers(t.Context(), r); !errors.Is(err, collect.ErrNoInput) {
				t.Errorf("%v: %v", r, err)
			}
		}
	}
}

// TestInputGap: blocks after a lost one do not count.
func TestInputGap(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	for _, r := range []task.Range{{First: 0, Count: 10}, {First: 20, Count: 10}, {First: 30, Count: 5}} {
		h.put(schema.InputSubject("j", r), task.EncodeBlock(numbers(int(r.First), int(r.Count))))
	}
	in, err := h.Inputs(t.Context(), "j")
	if err != nil || in.Count() != 10 {
		t.Errorf("%d numbers, %v, want 10", in.Count(), err)
	}
	if _, err := in.Numbers(t.Context(), task.Range{First: 25, Count: 1}); !errors.Is(err, collect.ErrNoInput) {
		t.Errorf("a number behind the gap: %v", err)
	}
	h.put(schema.InputSubject("j", task.Range{First: 10, Count: 10}), task.EncodeBlock(numbers(10, 10)))
	checkNumbers(t, in, task.Range{First: 0, Count: 35})
}

// TestInputOverlap: two feeders at a time have stored the same numbers in different blocks.
func TestInputOverlap(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	for _, r := range []task.Range{
		{First: 0, Count: 10}, {First: 0, Count: 7}, {First: 10, Count: 5}, {First: 10, Count: 9}, {First: 19, Count: 36}, {First: 20, Count: 3},
	} {
		h.put(schema.InputSubject("j", r), task.EncodeBlock(numbers(int(r.First), int(r.Count))))
	}
	in, err := h.Inputs(t.Context(), "j")
	if err != nil || in.Count() != 55 {
		t.Fatalf("%d numbers, %v, want 55", in.Count(), err)
	}
	for first := range uint64(55) {
		checkNumbers(t, in, task.Span(first, 55))
		checkNumbers(t, in, task.Range{First: first, Count: 1})
	}
}

// TestInputOfTwo: a feeder stores its numbers at their positions, also if the blocks of another one are found meanwhile.
func TestInputOfTwo(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	_, a := h.job("j", task.ClassNorm, 0)
	for _, r := range []task.Range{{First: 0, Count: 10}, {First: 10, Count: 7}} { // of the other feeder
		h.put(schema.InputSubject("j", r), task.EncodeBlock(numbers(int(r.First), int(r.Count))))
	}
	if err := a.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Append(t.Context(), 5, numbers(5, 9), numbers(14, 10)); err != nil {
		t.Fatal(err)
	}
	for _, in := range []*Inputs{a, h.EmptyInputs("j")} {
		checkNumbers(t, in, task.Span(0, 24))
		for first := range uint64(24) {
			checkNumbers(t, in, task.Span(first, 24))
		}
	}
}

// TestInputDamaged: a block that contradicts its subject is an error, but not one for which a
// result is refused.
func TestInputDamaged(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.link.Timeout = time.Second // a block counts as lost after three of it
	h.put(schema.InputSubject("j", task.Range{Count: 10}), task.EncodeBlock(numbers(0, 9)))
	h.put(schema.InputSubject("k", task.Range{Count: 10}), []byte("no block"))
	seq := h.put(schema.InputSubject("l", task.Range{Count: 10}), task.EncodeBlock(numbers(0, 10)))
	for _, job := range []string{"j", "k", "l"} {
		in, err := h.Inputs(t.Context(), job)
		if err != nil || in.Count() != 10 {
			t.Fatalf("%d numbers, %v", in.Count(), err)
		}
		if job == "l" {
			if err := h.inputs.DeleteMsg(t.Context(), seq); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := in.Numbers(t.Context(), task.Range{Count: 1}); err == nil || errors.Is(err, collect.ErrNoInput) {
			t.Errorf("job %s: %v", job, err)
		}
	}
}
