package job

import (
	"sync"
	"sync/atomic"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/task"
)

// An auditor has other workers repeat some of the numbers that were left unfinished. That a number is
// unfinished is true, and it is printed at once. What the worker may have lied about is its effort:
//
//	an unfinished answer is verified ─► noted ─► chosen, one in auditFew ─► queued again by the holder
//	                                      │                                        │
//	                                      v                                        v
//	                 another worker answers the same number, asked or not: the claim is audited
//	                        │                       │                         │
//	                   not more complete       more complete         it has a divisor that any worker
//	                        │                       │                finds in the budget: lazy
//	                        v                       v                         v
//	                    confirmed          refuted: a complaint     a complaint, and a strike if the
//	                                                                worker is lazy often, see isLazy
//
// A slow machine leaves a number unfinished that a fast one splits, so that a refutation alone proves
// nothing. The divisor does: see plan.SplitTime.
//
// An audit changes neither the output nor the end of the job. What is still queued at the end is purged
// with the rest of the queue. Every watcher takes the answers into account, since they are in the
// results: all watchers find the same strikes, and the server keeps each once.
//
// The worker that made the claim may get the audit itself. Its second answer says nothing, so that the
// number is queued again, up to maxAudits times.
type auditor struct {
	job    string
	budget time.Duration // of the job, 0 = none
	one    bool          // task.Job.One: an unfinished answer with a proper factor claims no effort
	asked  *askedAudits
	early  *atomic.Bool // of the loop: unfinished answers claim no effort

	mu      sync.Mutex
	claims  map[uint64]*claim // by position, at most maxClaims
	chosen  []uint64          // positions of claims to queue, in the order of their results
	tallies map[string]*tally // of the workers of claims
}

const (
	maxClaims  = 4096 // bounds the memory: 10 MiB of numbers of 16,384 bits
	auditFew   = 16   // one claim in so many is queued again, until auditEnough of its worker's claims were chosen
	auditMany  = 64   // the same after that, unless it had a lazy one
	maxAudits  = 3    // how often one number is queued again
	leastLazy  = 4    // claims of a worker that were refuted beyond doubt before it gets a strike
	lazyOneIn  = 8    // the same: one in so many of its audited claims
	slowWorker = 16   // a worker may be so many times slower than plan.SplitTime says

	auditEnough = 16
)

func newAuditor(j *task.Job, asked *askedAudits) *auditor {
	if asked == nil {
		asked = newAskedAudits()
	}
	return &auditor{job: j.ID, budget: j.Budget, one: j.One, asked: asked, early: new(atomic.Bool), claims: make(map[uint64]*claim), tallies: make(map[string]*tally)}
}

// wants reports whether a is to be verified although its positions are covered: it audits a claim. Of
// each claim one answer of another worker is verified, so that this costs no more than the claims.
func (u *auditor) wants(a *collect.Arrival) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	c := u.claims[a.Range.First]
	return a.Range.Count == 1 && c != nil && !c.audited && c.worker != a.Worker
}

// note takes a verified result. It notes the unfinished answers, and returns the claims that the
// result refutes.
func (u *auditor) note(k *collect.Checked) (refuted []refutation) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, n := range k.Numbers() {
		if _, word := n.Word(); word {
			continue
		}
		at, answer := k.Range.First+uint64(i), k.Answer(i)
		switch c := u.claims[at]; {
		case c == nil:
			if answer.Unfinished() && len(u.claims) < maxClaims && !u.early.Load() && !(u.one && answer.HasProper()) {
				u.add(at, k, newClaim(n, answer, leastBudget(u.budget, n.BitLen())))
			}
		case !c.audited && c.worker != k.Worker:
			if r := u.compare(at, c, answer); r != nil {
				refuted = append(refuted, *r)
			}
		}
	}
	return refuted
}

// add notes a claim, and chooses some claims, which a worker cannot foresee. Requires mu.
func (u *auditor) add(at uint64, k *collect.Checked, c *claim) {
	c.worker, c.seq = k.Worker, k.Seq
	u.claims[at] = c
	t := u.tallies[c.worker]
	if t == nil {
		t = new(tally)
		u.tallies[c.worker] = t
	}
	one := uint64(u.asked.oneIn)
	if t.chosen >= auditEnough && t.lazy == 0 {
		one *= auditMany / auditFew
	}
	if u.asked.random(auditKey{u.job, at})%one == 0 {
		u.chosen = append(u.chosen, at)
		t.chosen++
	}
}
