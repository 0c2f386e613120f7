package campaign

import (
	"fmt"
	"testing"
)

// TestOwnerFirst: owners have numbers of their own, which exist and are never issued.
func TestOwnerFirst(t *testing.T) {
	for _, count := range []uint64{1, 2, 7, 36, 84, 495, 18156204, 4426165368, 13136858812224, 1 << 48} {
		first, size := firstOfOwners(count), TaskSize(count)
		if size < 1 || size > MaxSpan || count >= 36 && first/size < 18 {
			t.Errorf("of %d coefficients, tasks have %d", count, size)
		}
		seen := make(map[uint64]bool)
		for i := range 40 {
			at := OwnerFirst("c234567", fmt.Sprint("w", i), count)
			if at < first || at >= count || at != OwnerFirst("c234567", fmt.Sprint("w", i), count) {
				t.Errorf("of %d coefficients, an owner has those from %d on", count, at)
			}
			if count > 1e7 && (at < first+count/8 || at >= count/8*7 || count-at < 1e5) {
				t.Errorf("of %d coefficients, an owner has %d", count, count-at)
			}
			seen[at] = true
		}
		if count > 1e9 && len(seen) < 35 {
			t.Errorf("of %d coefficients, 40 owners begin at %d places", count, len(seen))
		}
	}
	if OwnerFirst("c1", "w", 1<<40) == OwnerFirst("c2", "w", 1<<40) {
		t.Error("two campaigns have one number")
	}
}
