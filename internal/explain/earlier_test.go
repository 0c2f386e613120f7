package explain

import (
	"math/big"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// TestEarlierEffort: half of the curves of the least claim counts, and no more than the budget can have reached; so a claim
// that is too high is worth nothing.
func TestEarlierEffort(t *testing.T) {
	n := nat.FromBig(new(big.Int).Lsh(big.NewInt(1), 600))
	digits := func(budget time.Duration, before float64, claims ...float64) float64 {
		e := EarlierEffort{Job: &task.Job{Budget: budget, WorkDigits: before}}
		for _, claim := range claims {
			e.Add(n.BitLen(), &task.Factorization{Factors: []task.Factor{{P: n, Exp: 1, Status: task.Composite}}, Effort: claim})
		}
		return e.Digits()
	}
	honest := digits(time.Hour, 0, 30)
	if honest < 27 || honest >= 30 {
		t.Errorf("of t30 in an hour t%g counts", honest)
	}
	if got := digits(time.Hour, 0, 30, 25, 28); got >= 25 || got < 20 {
		t.Errorf("of several numbers t%g counts", got)
	}
	if got := digits(time.Hour, 0, 30, 0); got != 0 {
		t.Errorf("t%g counts although one number states none", got)
	}
	if a, b := digits(time.Second, 0, task.MaxWorkDigits), digits(time.Hour, 0, task.MaxWorkDigits); a >= b || a > 40 {
		t.Errorf("of a claim that a second cannot reach t%g counts, that an hour cannot reach t%g", a, b)
	}
	if a, b := digits(time.Hour, 0, task.MaxWorkDigits), digits(time.Hour, 0, 90); a != b || a > 45 {
		t.Errorf("of high claims t%g and t%g count", a, b)
	}
	if got := digits(time.Second, 33, 34); got != 33 {
		t.Errorf("of an effort of t33 before t%g counts", got)
	}
	if got := digits(time.Minute, 0); got != 0 {
		t.Errorf("without numbers t%g counts", got)
	}
}
