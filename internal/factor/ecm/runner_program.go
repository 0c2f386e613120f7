package ecm

import (
	"factorfleet/internal/factor/mont"
)

// maxBuffered is the most instructions that are written before they are executed.
const maxBuffered = 512

// checkEvery is how many word products, about a nanosecond each, pass between
// two calls of check.
const checkEvery = 1 << 16

// emit appends to the program and executes it when it is long enough.
func (s *Runner) emit(code ...mont.Instruction) {
	for _, in := range code {
		k := s.w.Words()
		s.work += 2 * in.Products() * k * k
		if s.c.code = append(s.c.code, in); s.work >= checkEvery || len(s.c.code) == maxBuffered {
			s.flush()
		}
	}
}

// flush executes the program so far. Once err is set nothing is.
func (s *Runner) flush() {
	s.execute(s.c.code)
	s.c.code, s.work = s.c.code[:0], 0
}

func (s *Runner) execute(code []mont.Instruction) {
	if s.err == nil {
		s.m.Run(code)
		s.err = s.check()
	}
}

// executeAll executes code, of point operations, in such parts as check asks for.
func (s *Runner) executeAll(code []mont.Instruction) {
	k := s.w.Words()
	most := max(1, checkEvery/(12*k*k))
	for len(code) > 0 && s.err == nil {
		n := min(most, len(code))
		s.execute(code[:n])
		code = code[n:]
	}
}

// The slots of both stages.
const (
	runnerQ        = mont.FirstSlot // a point
	runnerTemp     = runnerQ + mont.PointSlots
	runnerInv      = runnerTemp + 1
	runnerProducts = runnerInv + 1      // four
	runnerFirst    = runnerProducts + 4 // of those of a stage
)

// load puts a number of each curve of the batch into a slot. Lanes that are left over do what
// the first does.
func (s *Runner) load(slot int, batch []*runnerCurve, number func(c *runnerCurve) mont.Element) {
	for lane := range s.m.Width() {
		c := batch[0]
		if lane < len(batch) {
			c = batch[lane]
		}
		s.m.Set(slot, lane, number(c))
	}
}

// start loads the curves and the points that a stage begins with.
func (s *Runner) start(batch []*runnerCurve, point func(c *runnerCurve) *[2]mont.Element) {
	s.c.code, s.work = s.c.code[:0], 0
	s.load(mont.SlotNum, batch, func(c *runnerCurve) mont.Element { return c.a24 })
	for i := range 2 {
		s.load(runnerQ+i, batch, func(c *runnerCurve) mont.Element { return point(c)[i] })
	}
	s.emit(mont.MakePoint(runnerQ))
}
