package ecm

import (
	"math/big"

	"factorfleet/internal/factor/mont"
)

// Group is the number of curves of a group: one in each lane of the machine that has the most.
const Group = mont.WideLaneWidth

// A wideMachine is one of those of package mont: all its lanes have the same modulus.
type wideMachine interface {
	Reset(w *mont.Wide, slots int)
	Width() int
	Set(slot, lane int, x mont.Element)
	Get(z mont.Element, slot, lane int)
	Run(code []mont.Instruction)
}

// A Runner runs curves modulo one n, in groups: the curves of a group at the same time in eight lanes
// (AVX-512), half of them at a time in four (AVX2), or one after the other. The outcome is the
// same: the instructions are the same, and so are the residues.
//
// A group does stage 1 of all its curves before stage 2, and of the curves that find something in
// the same stage the first counts.
type Runner struct {
	w      mont.Wide
	lanes  mont.WideLanes
	quads  mont.QuadLanes
	scalar mont.WideMachine
	check  func() error
	err    error

	m        wideMachine // one of the three
	kind     machineKind // the quickest for the number
	machines [3]struct { // by machineKind
		fresh bool // has the modulus
		slots int
	}

	curves [Group]runnerCurve
	t      [4]mont.Element
	inv    [Group]mont.Element // for invertAll
	pre    [Group]mont.Element

	programs map[*Plan]*storedStage1
	c        compiler // the program not yet run
	work     int      // word products in it
	careful  bool     // look for a divisor after each step
	found    *big.Int // what careful has found
	stage    stage2Layout
}

// A runnerCurve is a curve of a group.
type runnerCurve struct {
	sigma    uint64
	a24      mont.Element
	q        [2]mont.Element // the point of the curve, X and Z
	r        [2]mont.Element // after stage 1
	out      mont.Element    // the product of stage 2
	finished bool            // nothing more is to be expected of the curve
	d        *big.Int        // a proper divisor, or nil
}

var one = big.NewInt(1)

// Reset makes s one for n, odd and not divisible by 3, n >= 5. Run will call check about
// every tenth of a millisecond, never less often than after each point operation, and return its
// error if there is one.
func (s *Runner) Reset(n *big.Int, check func() error) {
	s.w.Reset(n)
	s.check = check
	s.kind = bestMachine(n.BitLen())
	for i := range s.machines {
		s.machines[i].fresh = false
	}
	es := s.w.NewSlice(len(s.t) + 8*Group)
	take := func() mont.Element {
		e := es[0]
		es = es[1:]
		return e
	}
	for i := range s.t {
		s.t[i] = take()
	}
	for i := range s.curves {
		s.curves[i] = runnerCurve{a24: take(), q: [2]mont.Element{take(), take()}, r: [2]mont.Element{take(), take()}, out: take()}
		s.inv[i], s.pre[i] = take(), take()
	}
}

// N returns the number, which the caller must not change.
func (s *Runner) N() *big.Int { return s.w.N() }

// A machineKind is one of the machines of a Runner.
type machineKind int

const (
	onScalar machineKind = iota
	onQuads
	onLanes
)

// bestMachine returns the quickest machine for moduli of size bits.
func bestMachine(size int) machineKind {
	switch {
	case mont.HasWideLanes(size):
		return onLanes
	case mont.HasQuadLanes(size):
		return onQuads
	}
	return onScalar
}

// Run runs the curves with the given parameters, all at least 6. It returns a divisor d
// of n, 1 < d < n, and the index of the parameter that found it; the curves of later groups
// have not been run. It returns nil if there is none to be found.
func (s *Runner) Run(p *Plan, sigmas []uint64) (d *big.Int, which int, err error) {
	for at := 0; at < len(sigmas); at += Group {
		d, which, err = s.group(p, sigmas[at:min(at+Group, len(sigmas))])
		if d != nil || err != nil {
			return d, at + which, err
		}
	}
	return nil, 0, nil
}

// group runs a group of curves.
func (s *Runner) group(p *Plan, sigmas []uint64) (d *big.Int, which int, err error) {
	s.err = nil
	cs := s.curves[:len(sigmas)]
	chains, err := p.chains(s.check)
	if err != nil {
		return nil, 0, err
	}
	s.suyama(cs, sigmas)
	if d, which = first(cs); d != nil {
		return d, which, nil
	}
	s.useMachine(s.kind, p)
	for batch := range s.batches(cs) {
		s.stage1(p, chains, batch)
	}
	s.inspect(cs, func(c *runnerCurve) mont.Element { return c.r[1] }, func(c *runnerCurve) {
		s.stage1(p, chains, s.carefulBatch(c, p))
	})
	if d, which = first(cs); d != nil || s.err != nil {
		return d, which, s.err // not both: inspect stops at an error
	}
	s.useMachine(s.kind, p)
	for batch := range s.batches(cs) {
		s.stage2(p, batch)
	}
	s.inspect(cs, func(c *runnerCurve) mont.Element { return c.out }, func(c *runnerCurve) {
		s.stage2(p, s.carefulBatch(c, p))
	})
	if s.err != nil {
		return nil, 0, s.err
	}
	d, which = first(cs)
	return d, which, nil
}

// useMachine has the next stages run on a machine.
func (s *Runner) useMachine(i machineKind, p *Plan) {
	s.m = [...]wideMachine{&s.scalar, &s.quads, &s.lanes}[i]
	slots := s.stage.layout(p)
	if is := &s.machines[i]; !is.fresh || is.slots < slots {
		is.fresh, is.slots = true, slots
		s.m.Reset(&s.w, slots)
	}
}

// carefulBatch prepares a stage that is careful with one curve.
func (s *Runner) carefulBatch(c *runnerCurve, p *Plan) []*runnerCurve {
	s.useMachine(onScalar, p)
	return []*runnerCurve{c}
}

// batches yields as many of the curves as the machine takes at a time, without those that are over.
func (s *Runner) batches(cs []runnerCurve) func(yield func([]*runnerCurve) bool) {
	return func(yield func([]*runnerCurve) bool) {
		var batch []*runnerCurve
		for i := range cs {
			if !cs[i].finished {
				batch = append(batch, &cs[i])
			}
			if len(batch) == s.m.Width() || len(batch) > 0 && i == len(cs)-1 {
				if !yield(batch) {
					return
				}
				batch = batch[:0]
			}
		}
	}
}
