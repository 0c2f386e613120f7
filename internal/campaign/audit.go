package campaign

import (
	"fmt"
	"math/rand/v2"
)

// audits chooses the coefficients that are sieved again, to find workers that withhold
// relations. These yields are chosen:
//
//   - the first one of each worker, and the next one of a worker that an audit has
//     refuted, so that its strikes follow each other;
//   - one of auditEvery by chance;
//   - that of a worker whose coefficients have given less than half of the relations
//     that those of the others have, see few.
type audits struct {
	random  *rand.Rand
	workers map[string]*harvest // at most maxWorkers; the others are audited by chance only
	all     harvest             // the sum of workers
	open    bool                // an audit is under way
}

// A harvest is what a worker has sent since its last audit.
type harvest struct {
	checked                 bool // an audit has not refuted it
	coefficients, relations int64
}

const (
	auditEvery = 200
	maxWorkers = 4096
	// fewAfter is after how many coefficients the relations of a worker are compared with
	// those of others. Up to 3/4 of the coefficients are void, so that the mean of 64 has a
	// standard deviation of a fifth.
	fewAfter = 64
)

func newAudits(seed uint64) audits {
	return audits{random: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), workers: make(map[string]*harvest)}
}

// audit asks for an audit of a yield with so many new relations, if it is chosen. Yields
// from before the replay do not count: their workers have been audited by the supervisor
// before.
func (m *Machine) audit(y *Yield, fresh int) {
	a := &m.audits
	if !m.replayed {
		return
	}
	chosen := a.random.IntN(auditEvery) == 0
	if h := a.of(y.Worker); h != nil {
		h.add(int64(y.End-y.First), int64(fresh))
		a.all.add(int64(y.End-y.First), int64(fresh))
		chosen = chosen || !h.checked || a.few(h)
	}
	if a.open || !chosen {
		return
	}
	a.open = true
	m.put(Audit{y.First + a.random.Uint64N(y.End-y.First), *y})
}

// of returns the harvest of a worker, nil if too many are remembered.
func (a *audits) of(worker string) *harvest {
	h := a.workers[worker]
	if h == nil && len(a.workers) < maxWorkers {
		h = new(harvest)
		a.workers[worker] = h
	}
	return h
}

// few reports whether a worker has less than half of the relations of the others, for
// equally many coefficients:
//
//	h.relations/h.coefficients < others.relations/others.coefficients / 2
func (a *audits) few(h *harvest) bool {
	coefficients, relations := a.all.coefficients-h.coefficients, a.all.relations-h.relations
	return h.coefficients >= fewAfter && coefficients >= fewAfter &&
		2*float64(h.relations)*float64(coefficients) < float64(relations)*float64(h.coefficients)
}

func (h *harvest) add(coefficients, relations int64) {
	h.coefficients += coefficients
	h.relations += relations
}

// audited handles the end of an audit. A worker that could not be checked counts as
// checked, so that the audits of others follow.
func (m *Machine) audited(in *Audited) {
	a, y := &m.audits, &in.Audit.Yield
	a.open = false
	if h := a.of(y.Worker); h != nil {
		a.all.add(-h.coefficients, -h.relations)
		*h = harvest{checked: in.Missing <= 0}
	}
	if in.Missing > 0 {
		m.put(Refuse{y.name(), fmt.Sprintf("%d relations of coefficient %d were withheld", in.Missing, in.Audit.Number)})
	}
}
