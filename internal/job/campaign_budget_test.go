package job

import (
	"math/big"
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/measured"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// TestBudgetFor: without a budget of the job, numbers of up to 100 digits have no limit, larger ones that of their
// size.
func TestBudgetFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		bits         int
		budget, want time.Duration
	}{
		{measured.EnoughBits, 0, 0},
		{measured.EnoughBits, time.Minute, time.Minute},
		{measured.EnoughBits + 1, 0, measured.Active().Budget(measured.EnoughBits + 1)},
		{measured.SieveBits, time.Hour, time.Hour},
	} {
		n := new(big.Int).Lsh(big.NewInt(1), uint(test.bits-1))
		x := &candidate{Composite: fleet.Composite{Number: nat.FromBig(n)}}
		if got := budgetFor(&task.Job{Budget: test.budget}, x); got != test.want {
			t.Errorf("%d bits, budget %v: %v, want %v", test.bits, test.budget, got, test.want)
		}
	}
}
