package job

import (
	"hash/maphash"
	"math/big"
	"sync"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
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
	budget func(bits int) time.Duration // see collect.Config
	asked  *askedAudits

	mu      sync.Mutex
	claims  map[uint64]*claim // by position, at most maxClaims
	chosen  []uint64          // positions of claims to queue, in the order of their results
	tallies map[string]*tally // of the workers of claims
}

// A claim is an answer that its worker left unfinished. It is not changed except for audited.
type claim struct {
	worker  string
	seq     uint64    // of its result
	parts   int       // factors with multiplicity
	left    []nat.Nat // the unfinished ones
	budget  time.Duration
	audited bool // another worker has answered the number
}

// A tally counts the audited claims of one worker in the job.
type tally struct{ audited, lazy int }

const (
	maxClaims  = 4096 // bounds the memory: 10 MiB of numbers of 16,384 bits
	auditFew   = 16   // one claim in so many is queued again, while few claims of its worker were audited
	auditMany  = 64   // the same after auditEnough audits without a lazy one
	maxAudits  = 8    // how often one number is queued again
	leastLazy  = 4    // claims of a worker that were refuted beyond doubt before it gets a strike
	lazyOneIn  = 8    // the same: one in so many of its audited claims
	slowWorker = 30   // a worker may be so many times slower than plan.SplitTime says

	auditEnough = 16
)

func newAuditor(j *task.Job, asked *askedAudits) *auditor {
	if asked == nil {
		asked = newAskedAudits()
	}
	return &auditor{job: j.ID, budget: leastBudget(j), asked: asked, claims: make(map[uint64]*claim), tallies: make(map[string]*tally)}
}

// wants reports whether a is to be verified although its positions are covered: it audits a claim. Of
// each claim one answer of another worker is verified, so that this costs no more than the claims.
func (u *auditor) wants(a *collect.Arrival) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	c := u.claims[a.Range.First]
	return a.Range.Count == 1 && c != nil && !c.audited && c.worker != a.Worker
}

// A refutation is a claim that another worker's answer has refuted.
type refutation struct {
	worker string
	asked  bool          // this process has queued the audit: it alone complains, once
	strike *fleet.Strike // nil: a complaint only
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
			if answer.Unfinished() && len(u.claims) < maxClaims {
				u.add(at, k, newClaim(n, answer, u.budget(n.BitLen())))
			}
		case !c.audited && c.worker != k.Worker:
			if r := u.compare(at, c, answer); r != nil {
				refuted = append(refuted, *r)
			}
		}
	}
	return refuted
}

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
	if t.audited >= auditEnough && t.lazy == 0 {
		one *= auditMany / auditFew
	}
	if u.asked.random(auditKey{u.job, at})%one == 0 {
		u.chosen = append(u.chosen, at)
	}
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

// isLazy reports whether a worker gives up without effort. An honest one misses an easy divisor with a
// probability of 5 % or less, and few numbers have one.
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

// askedAudits are the audits that a process has queued. The watches of a process share it, because a
// watch that begins anew reads the same claims. The zero value is not usable.
type askedAudits struct {
	oneIn int // see auditFew
	seed  maphash.Seed

	mu    sync.Mutex
	times map[auditKey]asked // at most maxAsked
}

type auditKey struct {
	job      string
	position uint64
}

// asked says how often a number was queued for an audit, and when the next time may be.
type asked struct {
	times int
	next  time.Time
}

const maxAsked = 1 << 16 // beyond it counting starts anew

func newAskedAudits() *askedAudits {
	return &askedAudits{oneIn: auditFew, seed: maphash.MakeSeed(), times: make(map[auditKey]asked)}
}

// random returns a number that is the same for the same key, and that no other process can foresee.
func (a *askedAudits) random(k auditKey) uint64 { return maphash.Comparable(a.seed, k) }

// due reports whether a number may be queued for an audit now.
func (a *askedAudits) due(k auditKey, now time.Time) bool {
	x := a.of(k)
	return x.times < maxAudits && !now.Before(x.next)
}

// of returns how often a number was queued for an audit.
func (a *askedAudits) of(k auditKey) asked {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.times[k]
}

// ask records that a number is queued for an audit. The next time is not before other workers had
// their time for it: twice the budget, and a minute to begin; that doubles with each time.
func (a *askedAudits) ask(k auditKey, now time.Time, budget time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.times) >= maxAsked {
		clear(a.times)
	}
	x := a.times[k]
	x.next = now.Add((2*min(budget, 24*time.Hour) + time.Minute) << x.times)
	x.times++
	a.times[k] = x
}
