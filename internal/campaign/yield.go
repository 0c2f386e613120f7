package campaign

import (
	"fmt"
	"time"
)

// MaxSpan bounds the coefficients of a yield.
const MaxSpan = 4096

// held has the yields that arrive while the solver owns the set.
type held struct {
	yields []Yield
	bytes  int
}

// maxHeld bounds the bytes of the yields that are held. When it is reached, further ones
// are dropped: they are needed only if the solver fails, and others follow then.
const maxHeld = 16 << 20

// yield handles a yield.
func (m *Machine) yield(y *Yield, now time.Time) {
	if !m.Active() {
		return
	}
	if why := m.foreign(y); why != "" {
		m.put(Drop{y.name(), why})
		return
	}
	if m.phase == Solving {
		m.hold(y)
		return
	}
	m.fold(y, now)
}

// name returns y without its data.
func (y Yield) name() Yield {
	y.Data = nil
	return y
}

// foreign says why the coefficients of a yield cannot be those of a task or of an owner,
// "" if they can.
func (m *Machine) foreign(y *Yield) string {
	switch {
	case y.First >= y.End || y.End-y.First > MaxSpan || y.End > m.c.Coefficients:
		return fmt.Sprintf("no range of coefficients: %d to %d", y.First, y.End)
	case y.End > m.reserved && y.First < firstOfOwners(m.c.Coefficients):
		return fmt.Sprintf("coefficients %d to %d were not issued", y.First, y.End)
	}
	return ""
}

// hold keeps a yield until the solver has ended.
func (m *Machine) hold(y *Yield) {
	const overhead = 256
	if m.held.bytes+len(y.Data)+overhead > maxHeld {
		return
	}
	m.held.yields = append(m.held.yields, *y)
	m.held.bytes += len(y.Data) + overhead
}

// release folds the yields that were held, until there are enough cycles again.
func (m *Machine) release() {
	yields := m.held.yields
	m.held = held{}
	m.enough()
	for i := range yields {
		switch m.phase {
		case Sieving:
			m.fold(&yields[i], time.Time{})
		case Solving:
			m.hold(&yields[i])
		}
	}
}

// fold adds the relations of a yield to the set. now is zero for a yield that was held.
func (m *Machine) fold(y *Yield, now time.Time) {
	fresh, err := m.c.Fold.Fold(y.First, y.End, y.Data)
	if err != nil {
		m.put(Refuse{y.name(), err.Error()})
		return
	}
	m.count()
	m.pace.sawGrowth(&m.counts)
	if fresh > 0 {
		m.pace.sawWorker(y.Worker, now)
	}
	m.audit(y, fresh)
	m.enough()
}
