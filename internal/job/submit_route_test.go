package job

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// TestRefusedLeavesNoDurable: a submission whose id is refused creates no durable.
func TestRefusedLeavesNoDurable(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	submit := func(f *fleet.Fleet, kind string) *running {
		return h.submit(f, itemSubmission("j", kind, task.FormatLines, strings.NewReader("a\n")))
	}
	<-submit(h.Fleet, "exec:reverse").id
	if _, err := submit(h.other(), "exec:wrap").end(); !errors.Is(err, fleet.ErrDiffers) {
		t.Fatalf("%v", err)
	}
	classes, err := h.other().Classes(t.Context())
	if err != nil || !slices.Contains(classes, "norm+exec=reverse") || slices.Contains(classes, "norm+exec=wrap") {
		t.Errorf("%v, %v", classes, err)
	}
}
