package factor

import (
	"math"
	"testing"
	"time"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/kernels/kernelstest"
	"factorfleet/internal/measured"
)

// TestLevels: after a level a factor of its size is missed with probability 1/e, up to one group
// of curves, and no other B1 would be much quicker. It prints the table.
func TestLevels(t *testing.T) {
	var done curveCounts
	for i := range levels() {
		l := levelAt(i)
		d := float64(l.digits)
		done[i] = uint32(l.curves)
		missed := done.sum(l.digits)
		if i > 0 && (missed < 1 || missed-float64(ecm.Group)*l.chance[l.digits] > 1) {
			t.Errorf("%d digits are missed with probability exp(-%.3f)", l.digits, missed)
		}
		ratio := l.b2 / l.b1
		time := func(b1 float64) float64 { return b1 / ecm.Chance(uint64(b1), uint64(b1)*ratio, d) }
		here, best := time(float64(l.b1)), math.Inf(1)
		for b1 := float64(l.b1) / 4; b1 < 4*float64(l.b1); b1 *= 1.1 {
			best = min(best, time(b1))
		}
		t.Logf("%d digits: %d curves of B1=%d, B2=%d, expected alone %.0f; time %.2f of the least", l.digits, l.curves, l.b1, l.b2, 1/ecm.Chance(l.b1, l.b2, d), here/best)
		if here > 1.1*best {
			t.Errorf("%d digits: B1=%d takes %.2f of the least expected time", l.digits, l.b1, here/best)
		}
	}
}

// TestGroupChance: the chance of a group decreases, and the sieve starts after a small part of its
// time: a twentieth to a fifth, or one group of curves where that is more, and a smaller part for
// larger numbers.
func TestGroupChance(t *testing.T) { kernelstest.Each(t, testGroupChance) }

func testGroupChance(t *testing.T) {
	e := New(Options{})
	last := 1.0
	for _, bits := range []int{100, 150, 200, 250, 300, measured.SieveBits} {
		n := pow(2, int64(bits-1))
		var spent, group time.Duration // all groups, and the last
		before := 1.0
		level := -1
		for i, at := 0, (pieceProgress{}); ; i++ {
			st, ok := e.next(i, at, n)
			if !ok {
				break
			}
			if st.level.digits != level {
				level, before = st.level.digits, 1
			}
			if now := st.level.groupChance(&at, n); now > before || now <= 0 {
				t.Errorf("%d bits, %v: chance %v after %v", bits, &st, now, before)
			} else {
				before = now
			}
			if !st.pm1 {
				group = st.level.groupTime(n)
				spent += group
			}
			at = st.after
		}
		sieve := float64(measured.Active().Sieve(bits))
		share := float64(spent) / sieve
		t.Logf("%d bits: curves for %.3f of the time of the sieve, to the level of %d digits", bits, share, level)
		if share > max(0.2, float64(group)/sieve) || share < 0.02 || share > last+0.02+float64(group)/sieve {
			t.Errorf("%d bits: curves for %.3f of the time of the sieve, after %.3f", bits, share, last)
		}
		last = share
	}
}
