package task

import (
	"testing"

	"factorfleet/internal/nat"
)

// TestIsChildID: every id of a part has the form, and ids of other forms do not.
func TestIsChildID(t *testing.T) {
	t.Parallel()
	for position := range uint64(100) {
		if id := ChildID("job", position, nat.New(1000)); !IsChildID(id) {
			t.Errorf("%s is not taken for the id of a part", id)
		}
	}
	for _, id := range []string{"", "c", "c00000000000", "c0000000000000", "x000000000000", "c00000000000i", "c00000000000A", "c0000000*0000"} {
		if IsChildID(id) {
			t.Errorf("%q is taken for the id of a part", id)
		}
	}
}
