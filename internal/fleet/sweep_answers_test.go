package fleet

import (
	"slices"
	"testing"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestSplitLeavesOutAnswers: of a chunk whose worker died only the numbers without an answer are queued again: by the
// stored results, or by the watcher of the job in this process if there is one.
func TestSplitLeavesOutAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		covered []task.Range // by a watcher
		pieces  uint32
		want    string
	}{
		"stored":          {nil, 4, "12-3 15-2"},
		"watched":         {[]task.Range{{First: 5, Count: 15}}, 4, "0-5"},
		"all answered":    {[]task.Range{{First: 0, Count: 20}}, 4, ""},
		"not split":       {nil, 1, "0-20"},
		"joined":          {nil, 1, ""},
		"pieces with gap": {[]task.Range{{First: 1, Count: 1}, {First: 12, Count: 8}}, 2, "0-10 10-2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t, Provision{})
			h.job("j", task.ClassNorm, 100)
			for _, r := range []task.Range{{First: 0, Count: 5}, {First: 5, Count: 7}, {First: 17, Count: 3}, {First: 40, Count: 9}} {
				h.put(schema.ResultSubject("j", r, "w1"), nil)
			}
			if name == "joined" {
				h.put(schema.ResultSubject("j", task.Range{First: 10, Count: 40}, "w1"), nil)
			}
			if test.covered != nil {
				var covered task.Set
				for _, r := range test.covered {
					covered.Add(r)
				}
				defer h.KnowCovered("j", func(r task.Range) []task.Range { return slices.Collect(covered.Gaps(r)) })()
			}
			h.put(schema.ReturnSubject("j", task.Range{First: 0, Count: 20}, "0", "w2"), (&task.Return{Reason: task.Isolate, Pieces: test.pieces}).Encode())
			background(t, h.Sweep)
			await(t, "no return is left", func() bool { return len(h.subjects(schema.StreamReturns)) == 0 })
			if got := h.ranges("j"); got != test.want {
				t.Errorf("queued: %q, want %q", got, test.want)
			}
		})
	}
}

// TestSplitKeepsRefusedAnswers: results of a quarantined worker are no answers.
func TestSplitKeepsRefusedAnswers(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 100)
	if _, err := h.Trust(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Quarantine(t.Context(), "w1", "a test"); err != nil {
		t.Fatal(err)
	}
	h.put(schema.ResultSubject("j", task.Range{First: 0, Count: 10}, "w1"), nil)
	await(t, "the quarantine is known", func() bool { trust, ok := h.trust.current(); return ok && trust.Quarantined("w1") })
	h.put(schema.ReturnSubject("j", task.Range{First: 0, Count: 20}, "0", "w2"), (&task.Return{Reason: task.Isolate, Pieces: 2}).Encode())
	background(t, h.Sweep)
	await(t, "both pieces are queued", func() bool { return h.ranges("j") == "0-10 10-10" })
}
