//go:build linux

package siqs

import (
	"math"
	"math/rand/v2"
)

// A cycleModel predicts how many relations a number needs, from the large primes of a sample of
// its relations. It draws relations at random and counts the cycles of their graph:
//
//   - the large primes of a relation are those of a relation of the sample, each moved by up to a
//     tenth, and then taken to be any prime near by. A prime occurs as often as its neighbours;
//   - half of all primes p near x can occur, one in 2*ln(x) numbers, so that the vertex of x is
//     numbered li(x)/2.
//
// It predicts 195,128 relations at 248 bits, 277,113 at 265, 472,705 at 281 and 723,530 at 298; the
// whole factorizations of these numbers had 196,045, 276,015, 471,707 and 721,693.
type cycleModel struct {
	large       [][2]uint32 // of the sample
	least, most float64     // all large primes are between
}

// need returns the relations at which there are so many cycles. It gives up at most.
func (m *cycleModel) need(rnd *rand.Rand, cycles, most int) int {
	var g graph
	g.reset(most)
	for n := 0; n < most; n++ {
		if g.cycles >= cycles {
			return n
		}
		at := m.large[rnd.IntN(len(m.large))]
		g.join([2]uint32{m.near(rnd, at[0]), m.near(rnd, at[1])})
	}
	return most
}

// near returns the vertex of a prime near p, 1 for 1.
func (m *cycleModel) near(rnd *rand.Rand, p uint32) uint32 {
	if p == 1 {
		return 1
	}
	for {
		x := float64(p) * math.Exp(0.2*rnd.Float64()-0.1)
		if x > m.least && x < m.most {
			l := math.Log(x)
			return uint32(x/l*(1+1/l+2/(l*l)+6/(l*l*l))/2) + 2
		}
	}
}
