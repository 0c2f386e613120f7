package ecm

import (
	"math/big"

	"factorfleet/internal/factor/mont"
)

// Group is the number of curves of a group: one for each lane of the machine that has
// the most.
const Group = mont.WideLaneWidth

// A wideMachine is one of the machines of package mont whose lanes all have the same
// modulus.
type wideMachine interface {
	Reset(w *mont.Wide, slots int)
	Width() int
	Set(slot, lane int, x mont.Element)
	Get(z mont.Element, slot, lane int)
	Run(code []mont.Instruction)
}

// A Runner runs curves modulo one n, in groups of up to Group curves: all at the same
// time in eight lanes (AVX-512), four at a time in four lanes (AVX2), or one after the
// other. All machines execute the same instructions and compute the same residues, so
// the result is the same.
//
// A group passes through these steps; a divisor ends it after the step that finds it:
//
//	suyama     the constants and points of all curves, with one inversion
//	stage1     r = E*q, batch by batch, a batch being the lanes of the machine
//	inspect    gcd(product of the Z of all r, n)
//	stage2     out = product of the differences of x, batch by batch
//	inspect    gcd(product of all out, n)
//
// Of the curves that find a divisor in the same step, the first counts.
//
// A Runner keeps its memory for the next n. It is not for concurrent use. The zero
// value needs Reset.
type Runner struct {
	w      mont.Wide
	lanes  mont.WideLanes
	quads  mont.QuadLanes
	scalar mont.WideMachine
	check  func() error
	err    error

	m        wideMachine // the one in use, of the three above
	kind     machineKind // of the quickest machine for n
	machines [3]struct { // by machineKind
		fresh bool // its modulus is n
		slots int
	}

	curves [Group]runnerCurve
	t      [4]mont.Element     // scratch
	inv    [Group]mont.Element // scratch: elements to invert
	pre    [Group]mont.Element // scratch of invertAll: their products
	value  big.Int             // scratch of appendEvidence

	programs map[*Plan]*storedStage1
	c        compiler // collects instructions before they are executed
	work     int      // word products that the collected instructions take
	careful  bool     // repeat a stage, with a gcd after each step
	whole    bool     // n counts as a divisor: a curve that finds it is not repeated carefully
	found    *big.Int // the divisor that the careful stage has found, or nil
	stage    stage2Layout
}

// A runnerCurve is one curve of a group. Its elements are those of Runner.w.
type runnerCurve struct {
	sigma    uint64
	a24      mont.Element    // (A+2)/4
	q        [2]mont.Element // the point of the curve, X and Z
	r        [2]mont.Element // after stage 1
	out      mont.Element    // the product of stage 2
	finished bool            // the curve is left out of all further work
	d        *big.Int        // the proper divisor that it has found, or nil
}

var one = big.NewInt(1)

// Reset sets the modulus n >= 5, which is odd and not divisible by 3. Run will call
// check about every 0.1 ms, never less often than after each point operation, and
// return its error.
func (s *Runner) Reset(n *big.Int, check func() error) {
	s.w.Reset(n)
	s.check = check
	s.kind = bestMachine(n.BitLen())
	for i := range s.machines {
		s.machines[i].fresh = false
	}
	// One allocation for all elements: t, and eight for each curve.
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

// N returns the modulus, which the caller must not change.
func (s *Runner) N() *big.Int { return s.w.N() }

// A machineKind is an index of Runner.machines.
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

// Run runs the curves with the parameters sigmas, all at least 6, with the bounds of p.
// It returns a divisor d of n, 1 < d < n, and the index of the parameter that found it.
// The groups after that one are not run. It returns nil if no curve finds a divisor.
// The error is one of check.
func (s *Runner) Run(p *Plan, sigmas []uint64) (d *big.Int, which int, err error) {
	for at := 0; at < len(sigmas); at += Group {
		d, which, err = s.group(p, sigmas[at:min(at+Group, len(sigmas))])
		if d != nil || err != nil {
			return d, at + which, err
		}
	}
	return nil, 0, nil
}

// group runs one group of at most Group curves.
func (s *Runner) group(p *Plan, sigmas []uint64) (d *big.Int, which int, err error) {
	s.err = nil
	cs := s.curves[:len(sigmas)]
	chains, err := p.chains(s.check)
	if err != nil {
		return nil, 0, err
	}
	// An inversion that fails has found a factor of n already.
	s.suyama(cs, sigmas)
	if d, which = first(cs); d != nil {
		return d, which, nil
	}
	// Stage 1: p divides Z of r.
	s.useMachine(s.kind, p)
	for batch := range s.batches(cs) {
		s.stage1(p, chains, batch)
	}
	s.inspect(cs, func(c *runnerCurve) mont.Element { return c.r[1] }, func(c *runnerCurve) {
		s.stage1(p, chains, s.carefulBatch(c, p))
	})
	if d, which = first(cs); d != nil || s.err != nil {
		return d, which, s.err // only one of them: inspect stops at an error
	}
	// Stage 2: p divides the product of the differences. inspect may have left another
	// machine in use.
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

// useMachine makes s.m a machine with the modulus and with slots for both stages of p.
func (s *Runner) useMachine(i machineKind, p *Plan) {
	s.m = [...]wideMachine{&s.scalar, &s.quads, &s.lanes}[i]
	slots := s.stage.layout(p)
	if is := &s.machines[i]; !is.fresh || is.slots < slots {
		is.fresh, is.slots = true, slots
		s.m.Reset(&s.w, slots)
	}
}

// carefulBatch prepares to repeat a stage of one curve, in one lane.
func (s *Runner) carefulBatch(c *runnerCurve, p *Plan) []*runnerCurve {
	s.useMachine(onScalar, p)
	return []*runnerCurve{c}
}

// batches yields the curves that are not finished, as many at a time as the machine has
// lanes. The slice is valid until the next one.
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
