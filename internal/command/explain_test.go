package command

import (
	"bytes"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/nat"
)

// TestExplainer: the first hard numbers are explained, and that there are more; none once the time is over.
func TestExplainer(t *testing.T) {
	t.Parallel()
	mersenne := func(k uint) *big.Int {
		return new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), k), big.NewInt(1))
	}
	hard := nat.FromBig(new(big.Int).Mul(mersenne(127), mersenne(521)))
	plans := func(spent time.Duration, count int) string {
		var out bytes.Buffer
		log := zerolog.New(&out)
		x := &explainer{session: &Session{notes: &log}, planner: planner{spent: spent}}
		for i := range uint64(count) {
			x.number(2*i, nat.New(10403))
			x.number(2*i+1, hard)
		}
		return out.String()
	}
	if got := plans(0, maxExplained+3); strings.Count(got, "a composite of ") != maxExplained ||
		strings.Count(got, "from number 12 on, are not printed") != 1 || !strings.Contains(got, "number 2: a composite of 196 digits") {
		t.Errorf("got %s", got)
	}
	if got := plans(0, maxExplained); strings.Contains(got, "not printed") {
		t.Errorf("got %s", got)
	}
	if got := plans(mostPlanning, 3); got != "" {
		t.Errorf("after the time: %s", got)
	}
}
