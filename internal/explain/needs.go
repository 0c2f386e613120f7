package explain

import (
	"time"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/measured"
)

// IsHard reports whether a composite of so many bits is hard: PlanOf has a plan for it.
func IsHard(bits int) bool { return bits >= hardBits }

// Most returns the longest CPU time that the number takes, as predicted: all steps of the plan, or its budget.
func (p *Plan) Most() time.Duration {
	if p.Sieve == nil {
		return p.Budget
	}
	return min(p.total(), p.Budget)
}

// TimesOf returns the times of a level of kernels by its name in heartbeats; those of the level without vector
// instructions if it is unknown, as of a worker of another engine.
func TimesOf(level string) *measured.Times {
	for l := kernels.Plain; l <= kernels.AVX512; l++ {
		if l.String() == level {
			return measured.Of(l)
		}
	}
	return measured.Slowest()
}
