package campaign

import (
	"testing"
	"time"
)

// TestBeginsCurves: a campaign of curves begins if others are idle and the owner goes on for some seconds.
func TestBeginsCurves(t *testing.T) {
	for _, test := range []struct {
		mode   Mode
		digits int
		budget time.Duration
		free   int
		want   bool
	}{
		{Auto, 150, 0, 1, true}, // no limit
		{Auto, 150, 5 * time.Second, 1, true},
		{Auto, 150, 4 * time.Second, 1, false},
		{Auto, 150, time.Hour, 0, false},
		{Auto, LeastDigits - 1, time.Hour, 1, false},
		{Always, 150, time.Second, 1, true},
		{Always, 150, time.Second, 0, false},
		{Never, 150, time.Hour, 10, false},
	} {
		if got := test.mode.BeginsCurves(test.digits, test.budget, test.free); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
