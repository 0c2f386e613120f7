package campaign

import (
	"math"
	"testing"
	"time"
)

// growFold is a Fold whose cycles grow as in the sieve of a number of 75 digits with two large primes.
type growFold struct{ relations float64 }

// rows are relations and cycles of that sieve; full relations, a constant share, come in addition.
var rows = [][2]float64{{8.8e3, 22}, {20e3, 102}, {43e3, 449}, {87e3, 2013}, {128e3, 5008}, {166e3, 9420}, {188e3, 12776}}

func (f *growFold) Fold(_, _ uint64, data []byte) (int, error) {
	f.relations += float64(len(data))
	return len(data), nil
}

func (f *growFold) Have() int {
	at, x := 1, max(f.relations, 1)
	for at < len(rows)-1 && rows[at][0] < x {
		at++
	}
	a, b := rows[at-1], rows[at]
	e := math.Log(b[1]/a[1]) / math.Log(b[0]/a[0])
	return int(a[1]*math.Pow(x/a[0], e) + 0.048*x)
}

func (f *growFold) Need() int     { return 25e3 }
func (f *growFold) Len() int      { return int(f.relations) }
func (f *growFold) Expected() int { return 180e3 } // too few

// TestProgress: the time left is within 0.3 of the truth from the first half on, although the
// estimate of the relations is too low, and the rate is that of the yields.
func TestProgress(t *testing.T) {
	const rate = 1000 // relations a second
	f := new(growFold)
	m, _ := newTest(func(c *Config) { c.Fold = f })
	now := time.Unix(1e9, 0)
	m.Step(Replayed{}, now)
	end := 0.0
	for f.Have() < f.Need() {
		f.relations += rate
		end++
	}
	f.relations = 0
	for s := range int(end) - 1 {
		now = now.Add(time.Second)
		m.Step(Yield{Worker: string(rune('a' + s%3)), First: 1 << 29, End: 1<<29 + 1, Data: make([]byte, rate)}, now)
		m.Step(Fleet{Slots: 3, Running: 2}, now)
		p, left := m.Progress(now), end-float64(s)-1
		if p.Phase != Sieving || p.Relations != (s+1)*rate || p.Need != 25e3 || p.Cycles != f.Have() || p.Tasks != 2 || p.Workers != min(s+1, 3) {
			t.Fatalf("after %d s: %+v", s+1, p)
		}
		if s > 3 && math.Abs(p.Rate-rate) > 1 {
			t.Fatalf("after %d s, the rate is %v", s+1, p.Rate)
		}
		if off := p.Left.Seconds() - left; s > 3 && left > end/2 && math.Abs(off) > 0.3*end || left <= end/2 && math.Abs(off) > 0.3*left+3 {
			t.Errorf("after %d of %v s: %v left, want %v s", s+1, end, p.Left, left)
		}
	}
	if p := m.Progress(now.Add(time.Minute)); p.Workers != 0 {
		t.Errorf("%d workers, a minute after the last yield", p.Workers)
	}
}

// TestLeftAtStart: until a rate is known, the time of the tables holds.
func TestLeftAtStart(t *testing.T) {
	m, _ := newTest(nil)
	m.Step(Replayed{}, time.Time{})
	m.Step(Fleet{Slots: 4}, time.Time{})
	if got := m.Progress(time.Time{}).Left; got != 100*time.Second {
		t.Errorf("%v left, want 100 s", got)
	}
	m.Step(relations(100), time.Time{})
	if p := m.Progress(time.Time{}); p.Phase.String() != "solving" || p.Left != 0 {
		t.Errorf("while solving: %+v", p)
	}
}

// TestRate: the rate is that of the last seconds.
func TestRate(t *testing.T) {
	m, _ := newTest(func(c *Config) { f := c.Fold.(*countFold); f.need, f.expected = 1e6, 1e6 })
	now := time.Unix(1e9, 0)
	m.Step(relations(5000), now) // stored before
	m.Step(Replayed{}, now)
	for i, rate := range []int{10, 30} {
		for range 2 * rateTicks {
			now = now.Add(time.Second)
			m.Step(relations(rate), now)
			m.Step(Fleet{Slots: 1}, now)
		}
		if got := m.Progress(now).Rate; math.Abs(got-float64(rate)) > 0.01 {
			t.Errorf("%d: %v relations a second, want %d", i, got, rate)
		}
	}
}
