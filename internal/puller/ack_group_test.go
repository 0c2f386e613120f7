package puller

import (
	"testing"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestAckGroup: deliveries of one durable are acked together, and those of two durables.
func TestAckGroup(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	c := h.client("w")
	norm, low := h.job("norm", task.ClassNorm, 300), h.job("low", task.ClassLow, 1)
	for i := range uint64(200) {
		h.queue(norm, task.Range{First: i, Count: 1})
	}
	_, d := pull(t, c, 200)
	var others []worker.Handle
	for _, d := range d[1:] {
		others = append(others, d.Handle)
	}
	if err := d[0].Handle.(worker.GroupAcker).AckGroup(t.Context(), others); err != nil || h.ranges("norm") != "" {
		t.Errorf("%v; queued: %q", err, h.ranges("norm"))
	}
	if err := d[0].Handle.(worker.GroupAcker).AckGroup(t.Context(), others); err != nil {
		t.Errorf("a second time: %v", err)
	}
	h.queue(norm, task.Range{First: 200, Count: 1})
	_, d = pull(t, c, 1)
	h.queue(low, task.Range{First: 0, Count: 1})
	_, other := pull(t, c, 1)
	if err := d[0].Handle.(worker.GroupAcker).AckGroup(t.Context(), []worker.Handle{other[0].Handle}); err != nil || h.ranges("norm")+h.ranges("low") != "" {
		t.Errorf("deliveries of two durables: %v; queued: %q and %q", err, h.ranges("norm"), h.ranges("low"))
	}
	h.queue(norm, task.Range{First: 201, Count: 1})
	_, d = pull(t, c, 1)
	if err := d[0].Handle.(worker.GroupAcker).AckGroup(t.Context(), []worker.Handle{nil}); err == nil || h.ranges("norm") == "" {
		t.Errorf("a delivery of another source: %v; queued: %q", err, h.ranges("norm"))
	}
}
