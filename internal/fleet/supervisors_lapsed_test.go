package fleet

import (
	"testing"
	"time"
)

// TestLapsed: a lease of a supervisor that was not renewed for a minute shows no supervisor.
func TestLapsed(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for age, want := range map[time.Duration]bool{0: false, leaseTTL: false, -time.Hour: false, time.Minute: false, time.Minute + time.Second: true, time.Hour: true} {
		if got := isLapsed(now.Add(-age), now); got != want {
			t.Errorf("after %v: %v", age, got)
		}
	}
	if isLapsed(now, time.Time{}) {
		t.Error("without the time of the server")
	}
}
