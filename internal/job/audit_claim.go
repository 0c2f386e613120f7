package job

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// A claim is an answer that its worker left unfinished. It is not changed except for audited.
type claim struct {
	worker  string
	seq     uint64    // of its result
	parts   int       // factors with multiplicity
	left    []nat.Nat // the unfinished ones
	budget  time.Duration
	audited bool // another worker has answered the number
}

// A tally counts the claims of one worker in the job that were chosen for an audit, those that were audited, and
// those of the latter that lack an easy divisor.
type tally struct{ chosen, audited, lazy int }

func newClaim(n nat.Nat, answer *task.Factorization, budget time.Duration) *claim {
	c := &claim{budget: budget}
	for i := range answer.Factors {
		f := &answer.Factors[i]
		c.parts += int(f.Exp)
		if f.Status == task.Composite {
			c.left = append(c.left, f.P)
		}
	}
	return c
}

// A refutation is a claim that another worker's answer has refuted.
type refutation struct {
	worker string
	asked  bool          // this process has queued the audit: it alone complains, once
	strike *fleet.Strike // nil: a complaint only
}

// compare compares the claim c with the answer of another worker, and returns a refutation if that is
// more complete. Requires mu.
func (u *auditor) compare(at uint64, c *claim, answer *task.Factorization) *refutation {
	c.audited = true
	t := u.tallies[c.worker]
	t.audited++
	parts := 0
	for i := range answer.Factors {
		parts += int(answer.Factors[i].Exp)
	}
	if parts <= c.parts {
		return nil
	}
	r := &refutation{worker: c.worker, asked: u.asked.of(auditKey{u.job, at}).times > 0}
	if d, ok := c.easyDivisor(answer); ok {
		t.lazy++
		if t.isLazy() {
			r.strike = newLazyStrike(u.job, at, c, d, *t)
		}
	}
	return r
}

// isLazy reports whether a worker gives up without effort. An honest one rarely misses an easy divisor,
// and few of its unfinished numbers have one: half of all large numbers have a divisor of 17 to 34 bits.
func (t *tally) isLazy() bool { return t.lazy >= leastLazy && lazyOneIn*t.lazy > t.audited }

// easyDivisor returns a factor of answer that divides an unfinished one of c, if every worker would
// have found it in the budget.
func (c *claim) easyDivisor(answer *task.Factorization) (d nat.Nat, ok bool) {
	for _, left := range c.left {
		for i := range answer.Factors {
			d := answer.Factors[i].P
			if d.Cmp(left) < 0 && new(big.Int).Rem(left.Big(), d.Big()).Sign() == 0 &&
				slowWorker*plan.SplitTime(left.BitLen(), d.BitLen()) <= c.budget {
				return d, true
			}
		}
	}
	return d, false
}

// newLazyStrike returns the strike for the claim c at a position, of which d is a divisor.
func newLazyStrike(job string, at uint64, c *claim, d fmt.Stringer, t tally) *fleet.Strike {
	return &fleet.Strike{
		Time: time.Now().UTC(), Job: job, Range: task.Range{First: at, Count: 1}.String(), Seq: c.seq,
		Reason: fmt.Sprintf("%d of %d unfinished answers that others repeated lack divisors that are found in a fraction of the budget, this one %v", t.lazy, t.audited, d),
	}
}

// punish complains about the workers of refuted claims, and writes the strikes.
func (c *checker) punish(ctx context.Context, refuted []refutation) error {
	for _, r := range refuted {
		if r.asked {
			c.trust.Complain(r.worker, fleet.ComplaintUnfinished)
		}
		if r.strike == nil {
			continue
		}
		standing, fresh, err := c.trust.Strike(ctx, r.worker, *r.strike)
		if err != nil {
			return err
		}
		if fresh {
			c.log.Warn().Str("worker", r.worker).Str("range", r.strike.Range).Int("strikes", len(standing.Strikes)).
				Str("reason", r.strike.Reason).Msg("a worker leaves numbers unfinished without effort")
		}
		if fresh && standing.Quarantined != nil {
			c.log.Warn().Str("worker", r.worker).Msg("worker quarantined: its results are refused until it is released")
		}
	}
	return nil
}
