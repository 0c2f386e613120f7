package factor

import (
	"context"
	"flag"
	"math/big"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/cputime"
	"factorfleet/internal/factor/kernels/kernelstest"
	"factorfleet/internal/nat"
)

var gapDigits = flag.String("gaps", "40,50,58", "TestGaps factors semiprimes of these `digits`")

// A gapMeter measures the work between two checks of the context. It measures CPU time, on which
// other work of the machine has little influence; the goroutine must be locked to its thread. The
// limits are twice the figures of a quiet machine, and less than the promised tenth of a second.
type gapMeter struct {
	t             *testing.T
	most          time.Duration // allowed
	last, longest time.Duration
	ticks         int
	method        string // at work
	methods       map[string]bool
	stack         []byte // where the longest gap ended, if it is longer than allowed
}

// gapTries is how often a measurement is repeated whose longest gap is too long. A code that checks too
// seldom exceeds the limit each time, a disturbance of the machine or of its emulator does not.
const gapTries = 3

// measureGaps calls run with a meter until no gap is longer than most, gapTries times at most, and
// returns the last meter.
func measureGaps(t *testing.T, most time.Duration, run func(*gapMeter)) (g *gapMeter) {
	for range gapTries {
		g = &gapMeter{t: t, most: most, last: cputime.Thread(), methods: make(map[string]bool)}
		if run(g); g.stack == nil {
			return g
		}
	}
	t.Errorf("%v between two looks, at %s, before\n%s", g.longest, g.method, g.stack)
	return g
}

func (g *gapMeter) options() Options {
	return Options{Tick: g.tick, Progress: func(p EngineProgress) { g.method = p.Method; g.methods[p.Method] = true }}
}

func (g *gapMeter) tick() {
	now := cputime.Thread()
	if gap := now - g.last; gap > g.longest {
		if g.longest = gap; gap > slowly(g.most) {
			g.stack = debug.Stack()
		}
	}
	g.last = now
	g.ticks++
}

// TestGaps: the context is checked regularly, from the first division to the square root.
func TestGaps(t *testing.T) { kernelstest.Each(t, testGaps) }

func testGaps(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, text := range strings.Split(*gapDigits, ",") {
		digits, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		if digits > 50 && kernelstest.Lower() {
			continue
		}
		n := nat.FromBig(semiprime(rand.New(rand.NewPCG(4, uint64(digits))), digits*10000/3010))
		g := measureGaps(t, 40*time.Millisecond, func(g *gapMeter) {
			fs, _, err := New(g.options()).Append(context.Background(), nil, n)
			if err != nil || len(fs) != 2 {
				t.Fatalf("%v: %v, %v", n, fs, err)
			}
		})
		t.Logf("%d digits: at most %v between two of %d looks, by %v", digits, g.longest, g.ticks, g.methods)
	}
}

// TestTick: the slowest steps are those of a long number. Its cofactor stays composite. Nearly all of
// the time is spent on tests of primality, which are the same code at every level of kernels.
func TestTick(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	n := product(big.NewInt(3), new(big.Int).Sub(pow(2, 16381), one))
	g := measureGaps(t, 100*time.Millisecond, func(g *gapMeter) {
		o := g.options()
		o.Budget = slowly(300 * time.Millisecond)
		fs, _, err := New(o).Append(t.Context(), nil, nat.FromBig(n))
		g.tick()
		checkFactors(t, n, fs)
		if err != nil || g.ticks < 10 {
			t.Errorf("%d looks, error %v", g.ticks, err)
		}
	})
	t.Logf("at most %v between two of %d looks", g.longest, g.ticks)
}

// TestGapsOfPlans: it is checked while a plan of large bounds is made, and with a long number.
func TestGapsOfPlans(t *testing.T) { kernelstest.Each(t, testGapsOfPlans) }

func testGapsOfPlans(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	rnd := rand.New(rand.NewPCG(4, 1))
	for _, test := range []struct {
		bits  int
		level int
		pm1   bool // done
		most  time.Duration
	}{
		{400, 6, true, 40 * time.Millisecond}, {400, 9, true, 40 * time.Millisecond}, {400, 9, false, 40 * time.Millisecond},
		{16384, 3, true, 90 * time.Millisecond}, {16384, 3, false, 90 * time.Millisecond}, // one product takes 0.1 ms
	} {
		n := randomBits(rnd, test.bits)
		n.SetBit(n, 0, 1)
		if new(big.Int).Rem(n, big.NewInt(3)).Sign() == 0 {
			n.Add(n, big.NewInt(2))
		}
		if test.pm1 && test.level > 6 && kernelstest.Lower() { // to make the plan takes seconds
			continue
		}
		var err error
		g := measureGaps(t, test.most, func(g *gapMeter) {
			e := New(g.options())
			e.stop.ctx = t.Context()
			e.stop.meter.Begin()
			defer e.stop.meter.End()
			e.stop.start(300 * time.Millisecond)
			s := &search{e: e, whole: n}
			g.last = cputime.Thread()
			err = s.split(piece{n: n, exp: 1, done: pieceProgress{level: test.level, pm1Done: test.pm1, sieveFailed: true, own: ranUpTo(test.level)}})
		})
		t.Logf("%d bits, level %d: at most %v between two of %d looks: %v", test.bits, test.level, g.longest, g.ticks, err)
	}
}

// TestGapsOfForms: it is checked while the form of a long number is searched.
func TestGapsOfForms(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	base := product(big.NewInt(6), randomBits(rand.New(rand.NewPCG(4, 2)), 7998))
	for _, test := range []struct {
		why string
		n   *big.Int
	}{
		{"many cyclotomic factors", powPlus(2, 15120, -1)},
		{"an even number", powPlus(3, 10080, -1)},
		{"a large base", new(big.Int).Add(product(base, base), one)},
		{"a divisor of a form", new(big.Int).Quo(powPlus(10, 4801, -1), big.NewInt(9))},
		{"no form, even", product(pow(2, 16), powPlus(7, 5700, 2))},
	} {
		var form string
		var began time.Duration
		g := measureGaps(t, 40*time.Millisecond, func(g *gapMeter) {
			e := New(g.options())
			e.stop.ctx = t.Context()
			e.stop.start(0)
			s := &search{e: e}
			began = cputime.Thread()
			g.last = began
			s.trial(test.n)
			p := s.untested[0]
			var err error
			if _, form, err = s.findByForm(&p); err == nil {
				_, _, err = s.findByRatio(&p)
			}
			if err != nil {
				t.Error(err)
			}
			g.tick()
		})
		t.Logf("%s, %d bits: %q in %v, at most %v between two of %d looks", test.why, test.n.BitLen(), form, cputime.Thread()-began, g.longest, g.ticks)
	}
}
