package job

import (
	"testing"
	"time"
)

// TestHarvestSlots: slots count if their relations have arrived lately, whatever workers say.
func TestHarvestSlots(t *testing.T) {
	t.Parallel()
	var h harvests
	core := harvest{perCore: 1000, span: harvestSpan}
	now := time.Now()
	check := func(when string, want int) {
		t.Helper()
		if got := h.slots(core, map[string]int{"honest": 8, "slow": 4, "liar": 4096, "other": 1}, 1, now); got != want {
			t.Errorf("%s: %d slots, not %d", when, got, want)
		}
	}
	check("at the start", leastSlots)
	for range 5 {
		now = now.Add(2 * time.Second)
		h.add("honest", 2*8000, now)
		h.add("slow", 2*1200, now)
	}
	check("after ten seconds", 8+4)
	h.add("liar", 10, now)
	check("with a relation of the liar", 8+4+1)
	if got := h.slots(core, map[string]int{"honest": 100}, 3, now); got != 3*slowCore*8 {
		t.Errorf("%d slots of three campaigns", got)
	}
	now = now.Add(harvestSpan / 2)
	check("without relations for a while", 8+4+1)
	now = now.Add(3 * harvestSpan)
	check("without relations for long", leastSlots)
	if got := h.slots(core, map[string]int{"one": 1}, 1, now); got != 1 {
		t.Errorf("%d slots of one", got)
	}
}
