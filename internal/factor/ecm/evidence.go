package ecm

import (
	"encoding/binary"
	"math/big"
	"math/bits"
)

// Revision numbers the map from a modulus, bounds and a parameter to evidence. Programs of
// different revisions cannot check each other's evidence. TestEvidenceGolden fails if the
// map changes; then Revision must increase.
const Revision = 1

// EvidenceBytes is the size of the evidence of one curve, in bytes.
const EvidenceBytes = 8

// MaxYieldGroups bounds the groups of one Yield, so that its evidence has 32 KiB at most.
const MaxYieldGroups = 512

// The evidence of a curve is the lowest 64 bits of its product of stage 2,
//
//	E = product of x(m*D*r) - x(j*r) over the pairs (m, j) of the plan, 0 <= E < n,
//
// as stage2 computes it: if a giant has an odd number of pairs, the difference of the
// last pair is a factor twice. To know E, a machine has to run both stages, and all
// machines compute the same E. The evidence is 0
//
//	of a curve that ends before, because it has found all prime factors of n at once
//	of all curves of the group that finds a divisor
//
// The first case is as rare as a product E = 0. In the second case the divisor is the
// evidence.

// A Yield is what complete groups of curves have given, see Runner.Yield.
type Yield struct {
	From, End uint64   // the groups [From, End), End > From
	Evidence  []byte   // of their curves, in order, EvidenceBytes each, little endian
	Divisor   *big.Int // 1 < d < n, which the last group has found; nil if it has found none
	Sigma     uint64   // of the curve that has found Divisor
}

// Yield runs the groups from, from+1, ... below end with the bounds of p, until one finds
// a divisor. Curve i of group g has the parameter Sigma(seed, Group*g + i). After each
// group it calls due, which says whether to pass the complete groups to out, and whether
// to stop. It also passes them after MaxYieldGroups groups, after a divisor, and at the
// end: in ascending order and without gaps. out owns the memory of the yield.
//
// The error is one of check; the complete groups have then been passed to out as well.
func (s *Runner) Yield(p *Plan, seed, from, end uint64, due func() (flush, stop bool), out func(Yield)) error {
	y := Yield{From: from, End: from}
	flush := func() {
		if y.From < y.End {
			out(y)
			y = Yield{From: y.End, End: y.End}
		}
	}
	defer flush()
	for y.End < end {
		sigmas := GroupSigmas(seed, y.End)
		d, which, err := s.group(p, sigmas[:])
		if err != nil {
			return err
		}
		y.End++
		y.Evidence = s.appendEvidence(y.Evidence, d, Group)
		if d != nil {
			y.Divisor, y.Sigma = d, sigmas[which]
			return nil
		}
		now, stop := due()
		if stop {
			return nil
		}
		if now || y.End-y.From >= MaxYieldGroups {
			flush()
		}
	}
	return nil
}

// GroupSigmas returns the parameters of a group of curves, numbered from 0.
func GroupSigmas(seed, group uint64) (sigmas [Group]uint64) {
	for i := range sigmas {
		sigmas[i] = Sigma(seed, Group*group+uint64(i))
	}
	return sigmas
}

// Evidence returns the evidence of the curves with the parameters sigmas, at most Group,
// as one group: in lanes several curves take as long as one. It returns a divisor of the
// modulus too if one of the curves finds one, and then no evidence. The error is one of
// check.
func (s *Runner) Evidence(p *Plan, sigmas []uint64) (evidence []byte, d *big.Int, err error) {
	d, _, err = s.group(p, sigmas)
	if d != nil || err != nil {
		return nil, d, err
	}
	return s.appendEvidence(nil, nil, len(sigmas)), nil, nil
}

// FindsAll returns the index of the first of the curves with the parameters sigmas, at
// most Group, that finds all prime factors of the modulus, or one of them. It is -1 if
// none does. With a divisor that curves have found as the modulus, it says which curve
// that was, in a fraction of the time that the curves took. The error is one of check.
func (s *Runner) FindsAll(p *Plan, sigmas []uint64) (which int, err error) {
	s.whole = true
	defer func() { s.whole = false }()
	d, which, err := s.group(p, sigmas)
	if d != nil || err != nil {
		return which, err
	}
	for i := range s.curves[:len(sigmas)] {
		if s.curves[i].finished {
			return i, nil
		}
	}
	return -1, nil
}

// appendEvidence appends the evidence of the first count curves of the last group, which
// has found d or nil.
func (s *Runner) appendEvidence(dst []byte, d *big.Int, count int) []byte {
	for i := range s.curves[:count] {
		evidence := uint64(0)
		if c := &s.curves[i]; d == nil && !c.finished {
			evidence = lowWord(s.w.Value(&s.value, c.out))
		}
		dst = binary.LittleEndian.AppendUint64(dst, evidence)
	}
	return dst
}

// lowWord returns x mod 2^64 for x >= 0.
func lowWord(x *big.Int) uint64 {
	word := uint64(0)
	for i, b := range x.Bits() {
		if at := i * bits.UintSize; at < 64 {
			word |= uint64(b) << at
		}
	}
	return word
}
