package job

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/input"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestCutBlocks: blocks have the numbers and texts of what was read, in order, and fit into a message.
func TestCutBlocks(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		r := numbersRead{first: random.Uint64N(1000), numbers: fleettest.Numbers(7, random.IntN(20000))}
		for at := r.first; at < r.first+uint64(len(r.numbers)); at += 1 + random.Uint64N(1+random.Uint64N(10)) {
			r.written = append(r.written, task.Written{At: at, Text: strings.Repeat("1", 1+random.IntN(task.MaxWritten))})
		}
		r.written = append([]task.Written{}, r.written...)
		rest := r
		for len(rest.numbers) > 0 {
			blocks := cutBlocks(rest, true)
			if len(blocks) == 0 || len(blocks) > fleet.MaxBlocks {
				t.Fatalf("%d blocks of %d numbers", len(blocks), len(rest.numbers))
			}
			for _, b := range blocks {
				n := len(b.Numbers)
				want := task.MoveWritten(task.WrittenIn(r.written, task.Range{First: rest.first, Count: uint64(n)}), rest.first, 0)
				if !slices.Equal(b.Numbers, rest.numbers[:n]) || !slices.Equal(b.Written, want) {
					t.Fatalf("a block of %d numbers and %d texts is another one, want %d texts", n, len(b.Written), len(want))
				}
				if size := len(b.Encode()); n > task.MaxCount || size > task.MaxBlockBytes+16<<10 {
					t.Errorf("a block of %d numbers has %d bytes", n, size)
				}
				rest = rest.from(n)
			}
		}
	}
}

// TestExpressions: what the input wrote travels with the numbers to whoever prints the answers, also of a job that is
// submitted again, whose numbers may be written in another way.
func TestExpressions(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	h.worker("w", nil)
	var in strings.Builder
	want := make(map[uint64]string)
	for i := range uint64(6000) {
		switch {
		case i%3 == 0:
			fmt.Fprintf(&in, "%d\n", i)
		default:
			want[i] = fmt.Sprintf("%d+%d", i-1, 1)
			fmt.Fprintln(&in, want[i])
		}
	}
	sub := submission("j", "")
	sub.Sources = []input.Source{input.From("-", strings.NewReader(in.String()))}
	check := func(who string, r *running) {
		t.Helper()
		r.clean()
		r.out.check(t, 0, 6000)
		for i, item := range r.out.items {
			if item.Expr != want[uint64(i)] {
				t.Errorf("%s: position %d was %q, want %q", who, i, item.Expr, want[uint64(i)])
				return
			}
		}
	}
	check("the submitter", h.submit(h.Fleet, sub))
	check("another process", h.wait(h.other(), "j"))
	check("a later submitter", h.submit(h.Fleet, submission("j", text(0, 6000))))
	if n := h.held(schema.StreamInputs, "j"); n < 2 {
		t.Errorf("%d blocks", n)
	}
}
