package factor

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"factorfleet/internal/factor/kernels/kernelstest"
	"factorfleet/internal/measured"
	"factorfleet/internal/nat"
	"factorfleet/internal/sample"
)

// TestSieve has semiprimes that Append leaves to the sieve, with and without lanes.
func TestSieve(t *testing.T) { kernelstest.Each(t, testSieve) }

func testSieve(t *testing.T) {
	for name, e := range batchEngines(Options{}) {
		sieved := 0
		var ns []nat.Nat
		for bits := 65; bits <= 150; bits += 5 {
			ns = append(ns, sample.Semiprimes(bits, 2, 3)...)
		}
		for _, n := range ns {
			if _, method := complete(t, e, n.Big()); method == "siqs" {
				sieved++
			}
		}
		if sieved < len(ns)*3/4 {
			t.Errorf("%s: %d of %d are sieved", name, sieved, len(ns))
		}
	}
}

// TestSieveComposed: parts that the sieve finds are classified and split further.
func TestSieveComposed(t *testing.T) { kernelstest.Each(t, testSieveComposed) }

func testSieveComposed(t *testing.T) {
	e := New(Options{})
	for _, n := range []*big.Int{product(p1, p1, p2), product(p1, p1, p2, p2), product(p1, p2, big.NewInt(4294967291))} {
		complete(t, e, n)
	}
}

// TestSieveFails: after the sieve has failed, curves continue, and the sieve is not tried again.
func TestSieveFails(t *testing.T) { kernelstest.Each(t, testSieveFails) }

func testSieveFails(t *testing.T) {
	e := New(Options{})
	e.stop.ctx = t.Context()
	cube := pow(1000003, 5)
	if d, err := e.sieve(cube, e.checkContext); d != nil || err != nil {
		t.Fatalf("%v is sieved: %v, %v", cube, d, err)
	}
	s := &search{e: e, whole: cube}
	if err := s.split(piece{n: cube, exp: 1, done: pieceProgress{level: 5, own: ranUpTo(5)}}); err != nil || s.value().Cmp(cube) != 0 || len(s.untested) < 2 {
		t.Errorf("%v is not split: %v", cube, err)
	}
	for _, p := range s.untested {
		if !p.done.sieveFailed {
			t.Error("the sieve has not been tried")
		}
	}
}

func TestSieveStops(t *testing.T) { kernelstest.Each(t, testSieveStops) }

func testSieveStops(t *testing.T) {
	stop := errors.New("stop")
	e := New(Options{})
	e.stop.ctx = t.Context()
	n := sample.Semiprimes(140, 1, 1)[0].Big()
	for calls := range 4 {
		left := calls
		if d, err := e.sieve(n, func() error {
			if left--; left < 0 {
				return stop
			}
			return nil
		}); d != nil || err != stop {
			t.Errorf("after %d calls: %v, %v", calls, d, err)
		}
	}
	if d, err := e.sieve(n, e.checkContext); d == nil || err != nil {
		t.Errorf("what is left over does harm: %v, %v", d, err)
	}

	s := &search{e: e, whole: n, method: "prime"}
	e.stop.meter.Begin()
	defer e.stop.meter.End()
	e.stop.meter.SetLimit(1)
	p := piece{n: n, exp: 1, done: pieceProgress{formTried: true, ratioTried: true, level: len(bounds), own: ranUpTo(len(bounds))}}
	if err := s.split(p); err != errBudget || s.value().Cmp(n) != 0 {
		t.Errorf("without a budget: %v", err)
	}
	if s.giveUp(); s.method != "unfinished after siqs" {
		t.Errorf("method %q", s.method)
	}
}

func TestSieveTimes(t *testing.T) { kernelstest.Each(t, testSieveTimes) }

func testSieveTimes(t *testing.T) {
	last := time.Duration(0)
	for bits := 65; bits <= measured.SieveBits; bits++ {
		now := measured.Active().Sieve(bits)
		if now <= last || last > 0 && now > last*6/5 {
			t.Errorf("%d bits: %v after %v", bits, now, last)
		}
		last = now
	}
	for _, test := range []struct {
		bits   int
		budget time.Duration
		level  int
		want   bool
	}{
		{128, 0, 4, true},
		{measured.SieveBits, 0, 5, false},
		{measured.SieveBits, 0, len(bounds), true},
		{measured.SieveBits + 1, 0, len(bounds), false},
		{230, 100 * time.Millisecond, len(bounds), false},
		{230, 10 * time.Minute, len(bounds), true},
	} {
		e := New(Options{Budget: test.budget})
		n, at := pow(2, int64(test.bits-1)), pieceProgress{level: test.level, own: ranUpTo(test.level)}
		if got := e.sieveIsNext(&at, n); got != test.want {
			t.Errorf("%d bits, budget %v, level %d: %v", test.bits, test.budget, test.level, got)
		}
		at.sieveFailed = true
		if e.sieveIsNext(&at, n) {
			t.Errorf("%d bits are sieved twice", test.bits)
		}
	}
}

// TestSieveBegins: once the sieve is next, it stays next after any further curves. It starts later
// for larger numbers.
func TestSieveBegins(t *testing.T) { kernelstest.Each(t, testSieveBegins) }

func testSieveBegins(t *testing.T) {
	e := New(Options{})
	before := 0
	for bits := 70; bits <= measured.SieveBits; bits += 10 {
		n, first := pow(2, int64(bits-1)), len(bounds)
		for level := len(bounds) - 1; level >= 0; level-- {
			if e.sieveIsNext(&pieceProgress{level: level, own: ranUpTo(level)}, n) {
				if first != level+1 {
					t.Errorf("%d bits: the sieve is next after level %d, and not after level %d", bits, level, level+1)
				}
				first = level
			}
		}
		if first < before-1 {
			t.Errorf("%d bits are sieved from level %d on, smaller numbers from %d", bits, first, before)
		}
		before = max(before, first)
	}
}
