package campaign

import (
	"fmt"
	"math/rand/v2"
)

// audits chooses the coefficients that are sieved again, to find workers that withhold
// relations: one of each new worker, and one of a yield in auditEvery.
type audits struct {
	random  *rand.Rand
	checked map[string]bool // workers that were audited, at most maxWorkers
	open    bool            // an audit is under way
}

const (
	auditEvery = 200
	maxWorkers = 4096 // that are remembered; the others are audited by chance only
)

func newAudits(seed uint64) audits {
	return audits{random: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), checked: make(map[string]bool)}
}

// audit asks for an audit of the yield, if it is chosen. Yields from before the replay
// are not audited, because their workers have been by the supervisor before.
func (m *Machine) audit(y *Yield) {
	a := &m.audits
	fresh := !a.checked[y.Worker] && len(a.checked) < maxWorkers
	chosen := a.random.IntN(auditEvery) == 0
	if !m.replayed || a.open || !fresh && !chosen {
		return
	}
	a.open = true
	number := y.First + a.random.Uint64N(y.End-y.First)
	m.put(Audit{number, *y})
}

// audited handles the end of an audit. A worker that could not be checked counts as
// checked, so that the audits of others follow.
func (m *Machine) audited(in *Audited) {
	a := &m.audits
	a.open = false
	y := &in.Audit.Yield
	if len(a.checked) < maxWorkers {
		a.checked[y.Worker] = true
	}
	if in.Missing > 0 {
		m.put(Refuse{y.name(), fmt.Sprintf("%d relations of coefficient %d were withheld", in.Missing, in.Audit.Number)})
	}
}
