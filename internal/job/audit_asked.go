package job

import (
	"hash/maphash"
	"sync"
	"time"
)

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
