package campaign

import (
	"fmt"
	"math/big"
)

// MaxTries bounds the attempts of the solver. Each attempt after the first has more
// relations. Each fails with a probability of at most 1/50 for a number that is no power
// of a prime.
const MaxTries = 12

// enough begins to solve if there are enough cycles, or abandons a campaign whose
// relations do not lead to cycles.
func (m *Machine) enough() {
	switch {
	case m.phase != Sieving:
	case m.counts.have >= m.counts.need:
		m.phase = Solving
		m.put(Purge{})
		m.put(Solve{})
		m.fleet.Queued = 0
	case m.counts.len >= maxRelations(m.counts.expected):
		m.abandon(fmt.Sprintf("%d relations have only %d of %d cycles", m.counts.len, m.counts.have, m.counts.need))
	}
}

// maxRelations bounds the relations of a set, hence its memory, although workers decide
// what they send: it is an eighth above what siqs.Params.Memory counts with. The estimate
// is within a fifth from 96 bits on.
func maxRelations(expected int) int { return expected + expected/2 + 1000 }

// solved handles the end of the solver.
func (m *Machine) solved(in *Solved) {
	if m.phase != Solving {
		return
	}
	if in.Err != nil {
		m.abandon(fmt.Sprintf("the linear algebra failed: %v", in.Err))
		return
	}
	if in.Divisor != nil && m.split(in.Divisor) {
		return
	}
	if m.tries++; m.tries >= MaxTries {
		m.abandon(fmt.Sprintf("%d attempts of the linear algebra found no divisor", m.tries))
		return
	}
	m.phase = Sieving
	m.count()
	m.release()
}

// split ends the sieve if d divides the number properly, and reports whether it does.
func (m *Machine) split(d *big.Int) bool {
	if !m.core.split(d, nil) {
		return false
	}
	m.drop()
	return true
}

// abandon ends a campaign that has found nothing.
func (m *Machine) abandon(why string) {
	if !m.Active() {
		return
	}
	m.phase = Abandoned
	m.put(Abandon{why})
	m.stop()
	m.drop()
}
