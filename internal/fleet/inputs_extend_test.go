package fleet

import (
	"errors"
	"testing"

	"factorfleet/internal/collect"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestInputsExtend: a watcher of a slow input, which makes a block of each number, reads about one block for each,
// however many are stored. It lists none again.
func TestInputsExtend(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	_, writer := h.job("j", task.ClassNorm, 0)
	store := func(count int) {
		t.Helper()
		for range count {
			if err := writer.Append(t.Context(), writer.Count(), numbers(int(writer.Count()), 1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	store(300)
	nc, js := h.connect()
	reader, err := h.open(nc, js).Inputs(t.Context(), "j")
	if err != nil || reader.Count() != 300 {
		t.Fatalf("%d numbers, %v", reader.Count(), err)
	}
	before := nc.Stats()
	const more = 64
	for range more / 2 { // the result comes before the next number is stored
		store(1)
		checkNumbers(t, reader, single(int(writer.Count())-1))
	}
	for range more / 16 { // results come later, and not in order
		store(8)
		checkNumbers(t, reader, single(int(writer.Count())-2))
		checkNumbers(t, reader, task.Span(writer.Count()-8, writer.Count()))
	}
	after := nc.Stats()
	requests, bytes := after.OutMsgs-before.OutMsgs, after.InBytes-before.InBytes
	if requests > more+8 || bytes > more*600 {
		t.Errorf("%d requests and %d bytes for %d blocks", requests, bytes, more)
	}

	// The range of the result is not that of a block.
	if err := writer.Append(t.Context(), writer.Count(), numbers(int(writer.Count()), 7), numbers(int(writer.Count())+7, 3)); err != nil {
		t.Fatal(err)
	}
	checkNumbers(t, reader, task.Range{First: writer.Count() - 9, Count: 2})
	if reader.Count() != writer.Count() {
		t.Errorf("%d numbers, want %d", reader.Count(), writer.Count())
	}
	store(2 * beforeMost * extendReads) // more than headers lead to
	checkNumbers(t, reader, single(int(writer.Count())-1))
	if _, err := reader.Numbers(t.Context(), single(int(writer.Count()))); !errors.Is(err, collect.ErrNoInput) {
		t.Errorf("a number that is not stored: %v", err)
	}
}

// TestInputsExtendUnnamed: blocks whose headers are missing or wrong are found by listing them.
func TestInputsExtendUnnamed(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	_, reader := h.job("j", task.ClassNorm, 10)
	for i, header := range []string{"", "", "1", "4097", "0", "-1", "x", "1,1,1,1,1,1,1,1,1,1,1,1", "18446744073709551615"} {
		m := message(schema.InputSubject("j", single(10+2*i)), task.EncodeBlock(numbers(10+2*i, 1)))
		if err := h.link.Store(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		m = message(schema.InputSubject("j", single(11+2*i)), task.EncodeBlock(numbers(11+2*i, 1)))
		m.Header.Set(schema.HeaderBefore, header)
		if err := h.link.Store(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		checkNumbers(t, reader, single(11+2*i))
		checkNumbers(t, reader, task.Span(0, uint64(12+2*i)))
	}
}
