package kind

import "testing"

// TestMemoryDigits: more memory never suffices for less, and the limits are those of the table.
func TestMemoryDigits(t *testing.T) {
	for mib, want := range map[uint64]int{0: 0, 1: 60, 48: 64, 200: 76, 644: 92, 1841: 104, 1842: 0, 1 << 20: 0} {
		if got := MemoryDigits(mib << 20); got != want {
			t.Errorf("%d MiB: %d digits, want %d", mib, got, want)
		}
	}
}
