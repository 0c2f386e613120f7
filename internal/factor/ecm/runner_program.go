package ecm

import (
	"factorfleet/internal/factor/mont"
)

// maxBuffered is the most instructions that are collected before they are executed.
const maxBuffered = 512

// checkEvery is the number of word products, about a nanosecond each, between two calls
// of check.
const checkEvery = 1 << 16

// emit collects instructions, and executes them when there are enough.
func (s *Runner) emit(code ...mont.Instruction) {
	for _, in := range code {
		k := s.w.Words()
		s.work += 2 * in.Products() * k * k
		if s.c.code = append(s.c.code, in); s.work >= checkEvery || len(s.c.code) == maxBuffered {
			s.flush()
		}
	}
}

// flush executes the collected instructions.
func (s *Runner) flush() {
	s.execute(s.c.code)
	s.c.code, s.work = s.c.code[:0], 0
}

// execute executes code and calls check. Once err is set, it does nothing.
func (s *Runner) execute(code []mont.Instruction) {
	if s.err == nil {
		s.m.Run(code)
		s.err = s.check()
	}
}

// runCollected executes the collected instructions, which are point operations and
// pairs.
func (s *Runner) runCollected() {
	s.executeAll(s.c.code)
	s.c.code, s.work = s.c.code[:0], 0
}

// executeAll executes code, point operations of at most 6 products, in parts that take
// the time of checkEvery.
func (s *Runner) executeAll(code []mont.Instruction) {
	k := s.w.Words()
	most := max(1, checkEvery/(12*k*k))
	for len(code) > 0 && s.err == nil {
		n := min(most, len(code))
		s.execute(code[:n])
		code = code[n:]
	}
}

// The slots of a stage.
const (
	runnerQ        = mont.FirstSlot // the point that the stage begins with
	runnerTemp     = runnerQ + mont.PointSlots
	runnerInv      = runnerTemp + 1
	runnerProducts = runnerInv + 1      // four partial products of stage 2
	runnerFirst    = runnerProducts + 4 // the first slot that each stage uses as it needs
)

// load puts one number of each curve of the batch into a slot, the lane being the index
// in the batch. Lanes without a curve repeat the first one.
func (s *Runner) load(slot int, batch []*runnerCurve, number func(c *runnerCurve) mont.Element) {
	for lane := range s.m.Width() {
		c := batch[0]
		if lane < len(batch) {
			c = batch[lane]
		}
		s.m.Set(slot, lane, number(c))
	}
}

// start loads the constants of the curves and the points that a stage begins with.
func (s *Runner) start(batch []*runnerCurve, point func(c *runnerCurve) *[2]mont.Element) {
	s.c.code, s.work = s.c.code[:0], 0
	s.load(mont.SlotNum, batch, func(c *runnerCurve) mont.Element { return c.a24 })
	for i := range 2 {
		s.load(runnerQ+i, batch, func(c *runnerCurve) mont.Element { return point(c)[i] })
	}
	s.emit(mont.MakePoint(runnerQ))
}
