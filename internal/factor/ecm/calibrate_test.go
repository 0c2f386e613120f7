package ecm

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"factorfleet/internal/factor/mont"
)

var (
	calibrateSize   = flag.Int("calibrate", 0, "find the bounds of the class of numbers of that many bits")
	calibrateRounds = flag.Int("rounds", 300, "runs of the lanes for each choice")
)

// TestCalibrate measures bounds for balanced semiprimes of one size: the time of a
// program, the best of many runs since other work only adds to it, over the share of
// curves that split their number. It is where classes come from:
//
//	go test ./internal/factor/ecm -run Calibrate -v -calibrate 64
func TestCalibrate(t *testing.T) {
	if *calibrateSize == 0 {
		t.Skip("for a new machine or new kernels: -calibrate 64")
	}
	if lanes := mont.LaneBits(); *calibrateSize > lanes {
		t.Fatalf("the level in force has lanes up to %d bits", lanes)
	}
	at := 0
	for classes[at].bits < *calibrateSize {
		at++
	}
	type outcome struct {
		cost float64
		text string
	}
	var all []outcome
	for _, percent := range []uint64{70, 85, 100, 120, 150} {
		for _, ratio := range []uint64{30, 45, 65, 90, 120} {
			b1 := max(classes[at].b1*percent/100, minB1)
			c := class{bits: classes[at].bits, b1: b1, b2: b1 * ratio}
			c.d = cheapestStep(c.b1, c.b2)
			found, perCurve := tryClass(&c, *calibrateSize, *calibrateRounds)
			text := fmt.Sprintf("B1=%5d B2=%7d D=%4d: %7.3f us a curve, %6.2f curves", c.b1, c.b2, c.d, perCurve/1000, 1/found)
			all = append(all, outcome{perCurve / found, text})
		}
	}
	slices.SortFunc(all, func(a, b outcome) int { return int(a.cost - b.cost) })
	for _, o := range all[:6] {
		t.Logf("%s, %8.2f us", o.text, o.cost/1000)
	}
}

// cheapestStep returns the giant step with the shortest program.
func cheapestStep(b1, b2 uint64) uint64 {
	best, length := uint64(0), 0
	for _, d := range []uint64{12, 18, 24, 30, 36, 42, 60, 90, 120, 150, 180, 210, 330, 420, 630, 840, 1050, 1260, 2310} {
		if d/2 > b1 || d > 1050 && b2 < 50000 {
			continue
		}
		if p := newProgram(b1, b2, d); best == 0 || p.products() < length {
			best, length = d, p.products()
		}
	}
	return best
}

// tryClass returns the share of curves that split a number and the time of one in
// nanoseconds, a fixed time for the gcd included.
func tryClass(c *class, size, rounds int) (found, perCurve float64) {
	p := newProgram(c.b1, c.b2, c.d)
	lanes := mont.NewLanes(size, p.slots)
	width := lanes.Width()
	m := newMachine(lanes)
	m.program = p
	ns := semiprimes(size, width*rounds)
	best, count, curve := time.Hour, 0, 0
	for len(ns) > 0 {
		curve = (curve + 1) % max(5, (size-48)/2) // about as many as such numbers need
		for l := range width {
			lanes.SetModulus(l, ns[l])
			num, den := sigma(1, curve)
			lanes.Set(slotSigma, l, Number{num})
			lanes.Set(slotSigmaDen, l, Number{den})
		}
		start := time.Now()
		lanes.Run(p.stages[0])
		lanes.Run(p.stages[1])
		best = min(best, time.Since(start))
		if lanes.HasGCDs() {
			lanes.Run(resultGCDs)
		}
		s := classRun{machine: m}
		for l := range width {
			if s.divisor(l, ns[l]) != (Number{}) {
				count++
			}
		}
		ns = ns[width:]
	}
	const overhead = 100
	return float64(count) / float64(width*rounds), float64(best.Nanoseconds())/float64(width) + overhead
}

// products returns the number of products of residues.
func (p *program) products() int {
	sum := 0
	for _, code := range p.stages {
		for _, in := range code {
			sum += in.Products()
		}
	}
	return sum
}
