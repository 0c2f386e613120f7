package campaign

import (
	"fmt"
	"math/rand/v2"
)

// curvers are the workers whose curves a machine counts, at most maxWorkers; curves of others do not count.
type curvers struct {
	random *rand.Rand
	known  map[string]*curver
	open   bool // an audit is under way
}

// A curver is what a machine knows of one worker.
type curver struct {
	checked bool   // an audit has confirmed it
	refuted bool   // an audit has found false evidence
	honest  bool   // refuted, and a later audit has confirmed it
	counted Effort // of its curves; they do not count any more if it is refuted
	held    []span // not counted yet: no audit has ended
}

// A span is the groups first to end-1.
type span struct{ first, end uint64 }

// maxSpans is how many yields of a worker are held until its first audit has ended. Further ones do not count.
const maxSpans = 64

func newCurvers(seed uint64) curvers {
	return curvers{random: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), known: make(map[string]*curver)}
}

// of returns a worker, nil if too many are remembered.
func (c *curvers) of(worker string) *curver {
	w := c.known[worker]
	if w == nil && len(c.known) < maxWorkers {
		w = new(curver)
		c.known[worker] = w
	}
	return w
}

// hold keeps the range of a yield until the audit of its worker has ended.
func (w *curver) hold(y *Yield) {
	if len(w.held) < maxSpans {
		w.held = append(w.held, span{y.First, y.End})
	}
}

// audit asks for an audit of a yield if there is none, of one yield in auditEvery or if it must be.
func (m *CurveMachine) audit(y *Yield, must bool) {
	c := &m.curvers
	if chosen := c.random.IntN(auditEvery) == 0; c.open || !chosen && !must {
		return
	}
	c.open = true
	m.put(Audit{y.First + c.random.Uint64N(y.End-y.First), *y})
}

// audited handles the end of an audit. A worker that could not be checked counts as checked, so that the audits of
// others follow.
func (m *CurveMachine) audited(in *Audited) {
	m.curvers.open = false
	y := &in.Audit.Yield
	w := m.curvers.of(y.Worker)
	switch {
	case w == nil:
	case w.refuted && in.Missing <= 0:
		w.honest = true
	case in.Missing > 0:
		m.refute(w)
		m.put(Refuse{y.name(), fmt.Sprintf("%d curves of group %d have false evidence", in.Missing, in.Audit.Number)})
	default:
		w.checked = true
		for _, s := range w.held {
			m.count(w, s.first, s.end)
		}
		w.held = nil
	}
	if in.Divisor != nil && m.Active() && divides(in.Divisor, m.number) {
		m.store()
		m.split(in.Divisor, nil)
	}
}

// refute takes all curves of a worker out of the effort. Its next yields are audited, so that its strikes follow each
// other until it is quarantined, or one is right.
func (m *CurveMachine) refute(w *curver) {
	for _, l := range w.counted {
		m.effort = m.effort.without(l.B1, l.Curves)
	}
	*w = curver{refuted: true}
}
