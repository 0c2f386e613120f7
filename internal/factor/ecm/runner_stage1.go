package ecm

import (
	"factorfleet/internal/factor/mont"
)

// stage1 sets r = E*q for the curves of the batch, E the product of all prime powers up
// to B1. If careful is set, it takes a gcd after each power and stops at a proper
// divisor.
//
// The instructions do not depend on n. For small B1 they are stored by plan and reused.
func (s *Runner) stage1(p *Plan, chains []uint32, batch []*runnerCurve) {
	s.start(batch, func(c *runnerCurve) *[2]mont.Element { return &c.q })
	s.flush()
	var r int
	switch {
	case s.careful:
		r = s.chains(p, chains, func() bool { return s.foundCarefully(s.c.track[0] + 1) })
	case p.B1 <= maxStoredB1:
		r = s.storedChains(p, chains)
	default:
		r = s.chains(p, chains, func() bool {
			if len(s.c.code) >= maxBuffered {
				s.runCollected()
			}
			return false
		})
	}
	if s.runCollected(); s.err != nil {
		return // the slots may hold values of an earlier number
	}
	for lane, c := range batch {
		for i := range c.r {
			s.m.Get(c.r[i], r+i, lane)
		}
	}
}

// maxStoredB1 is the largest B1 whose instructions are stored. That takes 20 bytes for
// each unit of B1, 1.2 MB at most, and saves a fifth of the time for small n.
const maxStoredB1 = 60e3

// A storedStage1 is the instructions of stage 1 and the slot of the resulting point.
type storedStage1 struct {
	code []mont.Instruction
	r    int
}

// storedChains executes the instructions of stage 1, which it stores at the first time,
// and returns the slot of the resulting point.
func (s *Runner) storedChains(p *Plan, chains []uint32) (r int) {
	if stored := s.programs[p]; stored != nil {
		s.executeAll(stored.code)
		return stored.r
	}
	stored := new(storedStage1)
	stored.r = s.chains(p, chains, func() bool {
		stored.code = append(stored.code, s.c.code...)
		s.runCollected()
		return false
	})
	if s.programs == nil {
		s.programs = make(map[*Plan]*storedStage1)
	}
	if s.err == nil {
		s.programs[p] = stored
	}
	return stored.r
}

// chains collects the instructions of stage 1 and returns the slot of the resulting
// point. It calls after after each prime power, and ends when that returns true or err
// is set. chains has the r of the chain of each odd prime.
func (s *Runner) chains(p *Plan, chains []uint32, after func() bool) (r int) {
	s.c.track, s.c.pool = [3]int{runnerQ, runnerQ, runnerQ}, s.c.pool[:0]
	for i := range 6 {
		s.c.pool = append(s.c.pool, runnerFirst+i*mont.PointSlots)
	}
	// The powers of 2 are doublings.
	for power := uint64(2); power <= p.B1 && s.err == nil; power *= 2 {
		s.c.code = append(s.c.code, mont.PointDouble(runnerQ, runnerQ))
		if after() {
			return runnerQ
		}
	}
	// Each chain begins where the one before has ended, at track[0].
	for i, prime := range p.primes[1:] {
		k := uint64(prime)
		for power := k; power <= p.B1 && s.err == nil; power *= k {
			if runChain(k, uint64(chains[i]), &s.c); after() {
				return s.c.track[0]
			}
		}
	}
	return s.c.track[0]
}

// foundCarefully executes the collected instructions, if careful is set, and reports
// whether the number in the first lane of slot has a proper divisor in common with n.
// found then is that divisor.
func (s *Runner) foundCarefully(slot int) bool {
	if !s.careful {
		return false
	}
	if s.runCollected(); s.err != nil {
		return false
	}
	s.m.Get(s.t[0], slot, 0)
	s.found = s.proper(s.t[0])
	return s.found != nil
}
