package campaign

import (
	"math/big"
	"time"
)

// A Fold collects relations. Only Machine.Step calls it.
type Fold interface {
	// Fold verifies all relations of data, which must belong to the coefficients first to
	// end-1, and adds them. fresh is how many of them are new. An error proves that data
	// is malformed or that a relation is false; nothing is added then.
	Fold(first, end uint64, data []byte) (fresh int, err error)
	Have() int     // independent cycles
	Need() int     // cycles at which it is worth while to solve; it grows if solving fails
	Len() int      // relations
	Expected() int // relations that suffice, an estimate; constant
}

// A Phase is a phase of a campaign: see the package comment.
type Phase uint8

// The phases of a campaign.
const (
	Sieving Phase = iota
	Solving
	Finished // a divisor is known
	Abandoned
	Over
	Curving // instead of Sieving: see CurveMachine
)

// String returns the name of the phase for people.
func (p Phase) String() string {
	return [...]string{"sieving", "solving", "split", "abandoned", "over", "curves"}[p]
}

// A Config describes a campaign to the supervisor that runs it. The manifest has
// everything but Fold and Seed.
type Config struct {
	Number       *big.Int      // the composite
	Coefficients uint64        // the numbers 0 to Coefficients-1 exist
	Predicted    time.Duration // of the sieve on one core; 0: of the tables of this machine
	Fold         Fold          // empty

	Next      uint64     // the numbers below are reserved
	Divisors  []*big.Int // of Number, found earlier; those that do not divide it are ignored
	Abandoned bool       // the campaign failed earlier

	// Seed makes the choice of audits. It must be unpredictable for workers.
	Seed uint64
}

// A Machine is the state of one campaign. It is not for concurrent use. The machine of a
// supervisor that takes over begins with the manifest and the stored yields.
type Machine struct {
	core
	c Config

	counts counts // of the Fold, copied: the solver may own it
	tries  int    // of the solver
	held   held

	audits audits
	pace   pace
}

// counts are the figures of a Fold.
type counts struct{ have, need, len, expected int }

// New returns the machine of a campaign. Requires Number >= 2, Coefficients >= 1, and
// Fold.
func New(c Config) *Machine {
	if c.Predicted <= 0 {
		c.Predicted = sieveTime(c.Number)
	}
	m := &Machine{core: core{number: c.Number, next: c.Next, reserved: c.Next}, c: c, audits: newAudits(c.Seed)}
	m.count()
	return m
}

// Begin returns the outputs that follow from the manifest alone: a campaign of which a
// divisor is known, or which has failed, is stopped once more, because the supervisor
// before may have died on the way. The driver calls it once, before Step.
func (m *Machine) Begin() []Output {
	m.out = nil
	for _, d := range m.c.Divisors {
		m.split(d)
	}
	if m.phase == Sieving && m.c.Abandoned {
		m.phase = Abandoned
		m.stop()
	}
	return m.out
}

// Step handles one input and returns what the driver must do. now must not go back; only
// differences between calls count.
func (m *Machine) Step(in Input, now time.Time) []Output {
	m.out = nil
	if m.phase == Over {
		return nil
	}
	switch in := in.(type) {
	case Replayed:
		m.replayed = true
	case Fleet:
		m.report(in, now)
		m.observe(now)
		m.issue(now)
	case Reserved:
		m.reserved = max(m.reserved, in.Next)
		m.issue(now)
	case Yield:
		m.yield(&in, now)
	case Solved:
		m.solved(&in)
	case Audited:
		m.audited(&in)
	case ParentCovered:
		m.end()
		m.drop()
	}
	return m.out
}

// count copies the figures of the Fold. Requires that no solver owns it.
func (m *Machine) count() {
	f := m.c.Fold
	m.counts = counts{f.Have(), f.Need(), f.Len(), f.Expected()}
}

// drop frees the yields that are held, and forgets the open audit.
func (m *Machine) drop() { m.held, m.audits.open = held{}, false }
