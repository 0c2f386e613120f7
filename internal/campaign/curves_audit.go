package campaign

import (
	"fmt"
	"math/rand/v2"
)

// curvers are the workers that run curves. The curves of a worker count once an audit has confirmed one of its groups,
// and as long as none has found false evidence. These yields are audited:
//
//   - the first one of each worker, and the next one of a worker that an audit has refuted, so that its strikes follow
//     each other;
//   - one group of 16 at first, of 64 after the next audit, and then one of auditEvery by chance: of the groups, not of
//     the yields. One yield may have as many groups as a level of curves.
//
// Only groups that count are audited by chance: a worker that repeats its yields causes no audits.
type curvers struct {
	random  *rand.Rand
	known   map[string]*curver // at most maxWorkers; the curves of others do not count
	open    bool               // an audit is under way
	waiting []Audit            // the next ones, at most maxWaiting
	held    uint64             // groups of all curver.held
}

// A curver is what is known of one worker.
type curver struct {
	checked bool    // an audit has confirmed it
	refuted bool    // an audit has found false evidence
	honest  bool    // refuted, and a later audit has confirmed it
	asked   bool    // the audit that decides whether it is checked, or honest, runs or waits
	passed  int     // audits that have confirmed it
	counted Effort  // of its curves; they do not count any more if it is refuted
	held    []Yield // not counted yet: no audit has ended
}

const (
	maxSpans      = 64      // yields of one worker that are held
	maxHeldGroups = 1 << 10 // groups of them, with 64 bytes of evidence each
	maxHeldOfAll  = 1 << 16
	maxWaiting    = 16
	firstInterval = 16 // groups from the first audit of a worker to the next one, in the mean; then four times as many
)

func newCurvers(seed uint64) curvers {
	return curvers{random: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), known: make(map[string]*curver)}
}

// of returns what is known of a worker, nil if there are too many workers.
func (c *curvers) of(worker string) *curver {
	w := c.known[worker]
	if w == nil && len(c.known) < maxWorkers {
		w = new(curver)
		c.known[worker] = w
	}
	return w
}

// hold keeps a yield until the first audit of its worker has ended. What is too much does not count.
func (c *curvers) hold(w *curver, y *Yield) {
	groups := y.End - y.First
	for _, h := range w.held {
		groups += h.End - h.First
	}
	if size := y.End - y.First; len(w.held) < maxSpans && groups <= maxHeldGroups && c.held+size <= maxHeldOfAll {
		w.held, c.held = append(w.held, *y), c.held+size
	}
}

// release returns the yields that are held of a worker, which are held no longer.
func (c *curvers) release(w *curver) []Yield {
	list := w.held
	w.held = nil
	for _, y := range list {
		c.held -= y.End - y.First
	}
	return list
}

// ask has a yield audited that decides whether its worker tells the truth, unless one is audited already.
func (m *CurveMachine) ask(w *curver, y *Yield) {
	if !w.asked {
		w.asked = m.audit(y)
	}
}

// accept counts a yield of a worker that is checked, and has it audited by chance.
func (m *CurveMachine) accept(w *curver, y *Yield) {
	if fresh := m.count(w, y.First, y.End); m.curvers.random.Uint64N(w.interval()) < fresh {
		m.audit(y)
	}
}

// interval returns how many groups of a worker there are for each audit.
func (w *curver) interval() uint64 {
	return min(auditEvery, uint64(firstInterval)<<(2*uint64(max(1, min(w.passed, 4))-1)))
}

// audit asks for an audit of a yield, after those that wait, and reports false if too many wait.
func (m *CurveMachine) audit(y *Yield) bool {
	c := &m.curvers
	if len(c.waiting) >= maxWaiting {
		return false
	}
	c.waiting = append(c.waiting, Audit{y.First + c.random.Uint64N(y.End-y.First), *y})
	m.nextAudit()
	return true
}

// nextAudit begins the audit that waits longest, if none runs.
func (m *CurveMachine) nextAudit() {
	c := &m.curvers
	if c.open || len(c.waiting) == 0 || m.phase != Curving {
		return
	}
	c.open = true
	m.put(c.waiting[0])
	c.waiting = append(c.waiting[:0], c.waiting[1:]...)
}

// audited handles the end of an audit. A worker that could not be checked counts as checked, so that the audits of
// others follow.
func (m *CurveMachine) audited(in *Audited) {
	m.curvers.open = false
	w := m.curvers.of(in.Audit.Yield.Worker)
	if w != nil {
		w.asked = false
	}
	switch {
	case w == nil:
	case w.refuted && in.Missing <= 0:
		w.honest = true
	case in.Missing > 0:
		m.refute(w, in)
	default:
		m.confirm(w, &in.Audit.Yield)
	}
	if in.Divisor != nil && m.Active() && divides(in.Divisor, m.number) {
		m.store()
		m.split(in.Divisor, nil)
	}
	m.nextAudit()
}

// confirm counts what is held of a worker after an audit of y has confirmed it.
func (m *CurveMachine) confirm(w *curver, y *Yield) {
	w.checked = true
	w.passed++
	for _, h := range m.curvers.release(w) {
		if h.First == y.First && h.End == y.End {
			m.count(w, h.First, h.End)
			continue
		}
		m.accept(w, &h)
	}
}

// refute takes back what a worker has sent. It gets a strike, and an honest worker never does: evidence is the same on
// all machines.
func (m *CurveMachine) refute(w *curver, in *Audited) {
	y := &in.Audit.Yield
	m.curvers.release(w)
	for _, l := range w.counted {
		m.effort = m.effort.without(l.B1, l.Curves)
	}
	*w = curver{refuted: true}
	waiting := m.curvers.waiting[:0]
	for _, a := range m.curvers.waiting {
		if a.Yield.Worker != y.Worker {
			waiting = append(waiting, a)
		}
	}
	m.curvers.waiting = waiting
	m.put(Refuse{y.name(), fmt.Sprintf("%d curves of group %d have false evidence", in.Missing, in.Audit.Number)})
}
