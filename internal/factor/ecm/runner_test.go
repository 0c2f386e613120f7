package ecm

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"factorfleet/internal/factor/kernels"
)

// newRunner returns a Runner for n, see Reset.
func newRunner(n *big.Int, check func() error) *Runner {
	s := new(Runner)
	s.Reset(n, check)
	return s
}

// runnerWays returns a Runner for n in each way that there is on this machine: at the best level, at
// those below, and without lanes.
func runnerWays(n *big.Int) (ways []*Runner) {
	for l := kernels.Best(); l >= kernels.Plain; l-- {
		before := kernels.Use(l)
		ways = append(ways, newRunner(n, always))
		kernels.Use(before)
	}
	s := newRunner(n, always)
	s.kind = onScalar
	return append(ways, s)
}

// TestRunnerFind runs the curves of known order, each in every place of a group between others
// with the same bounds that find nothing.
func TestRunnerFind(t *testing.T) {
	for _, test := range findTests {
		p, rough := big10(test.p), new(big.Int).Sub(new(big.Int).Lsh(one, 107), one)
		n := new(big.Int).Mul(p, rough)
		plan, width := newPlan(test.b1, test.b2), Group
		if test.b2 > 1e6 {
			width = 2
		}
		var others []uint64
		for sigma := uint64(2000); len(others) < width; sigma++ {
			if d, _ := NewSearch(n, always).Run(plan, sigma); d == nil {
				others = append(others, sigma)
			}
		}
		for i, s := range runnerWays(n) {
			for place := range width {
				if s.kind == onScalar && place > 1 {
					break
				}
				sigmas := append([]uint64(nil), others...)
				sigmas[place] = test.sigma
				d, which, err := s.Run(plan, sigmas)
				if err != nil || (d != nil) != test.found || d != nil && (d.Cmp(p) != 0 || which != place) {
					t.Errorf("%s, %v, place %d, way %d: %v, %d, %v: %s", test.p, plan, place, i, d, which, err, test.why)
				}
			}
		}
	}
}

// TestRunnerSame compares the ways of Runner with each other, and with Search, on numbers of all
// sizes with factors that curves find in either stage, or find both.
func TestRunnerSame(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 8))
	found := 0
	plans := []*Plan{newPlan(15, 100), newPlan(60, 800), newPlan(200, 6000), newPlan(1200, 30000)}
	rounds := 150
	if testing.Short() {
		rounds = 60
	}
	for round := range rounds {
		size := 70 + rnd.IntN(980)
		n := new(big.Int).SetUint64(randomPrime(rnd, 12+rnd.IntN(25)))
		n.Mul(n, new(big.Int).SetUint64(randomPrime(rnd, 12+rnd.IntN(25))))
		for n.BitLen() < size-63 {
			n.Mul(n, new(big.Int).SetUint64(randomPrime(rnd, 63)))
		}
		plan := plans[round%len(plans)]
		var sigmas []uint64
		for range 1 + rnd.IntN(20) {
			sigmas = append(sigmas, MinSigma+rnd.Uint64()>>40)
		}
		ms := runnerWays(n)
		d, which, _ := ms[0].Run(plan, sigmas)
		for i, m := range ms[1:] {
			e, other, _ := m.Run(plan, sigmas)
			if (d == nil) != (e == nil) || d != nil && (d.Cmp(e) != 0 || which != other) {
				t.Fatalf("n=%v, %v: %v by %d, way %d finds %v by %d", n, plan, d, which, i+1, e, other)
			}
		}
		if d != nil {
			found++
			if d.Cmp(one) <= 0 || d.Cmp(n) >= 0 || new(big.Int).Mod(n, d).Sign() != 0 {
				t.Fatalf("n=%v: %v", n, d)
			}
			if alone, _, _ := ms[1].Run(plan, sigmas[which:which+1]); alone == nil || alone.Cmp(d) != 0 {
				t.Errorf("n=%v: sigma %d finds %v among others, %v alone", n, sigmas[which], d, alone)
			}
		}
		// What Search finds Runner finds too.
		for _, sigma := range sigmas {
			a, _ := NewSearch(n, always).Run(plan, sigma)
			if b, _, _ := ms[0].Run(plan, []uint64{sigma}); a != nil && b == nil {
				t.Errorf("n=%v, %v, sigma %d: %v, by Runner nothing", n, plan, sigma, a)
			}
		}
	}
	t.Logf("%d found", found)
	if found < rounds/3 {
		t.Errorf("only %d found", found)
	}
}

// TestGoodChain checks that there is a chain, and what it costs.
func TestGoodChain(t *testing.T) {
	plan := newPlan(20e3, 20e3)
	good, best := chainCost(0), chainCost(0)
	for _, q := range plan.primes[1:] {
		k := uint64(q)
		if !runChain(k, goodChain(k), &good) {
			t.Fatalf("%d: no chain", k)
		}
		runChain(k, bestChain(k), &best)
	}
	if float64(good) > 1.01*float64(best) {
		t.Errorf("%d products, the best %d", good, best)
	}
}

func TestRunnerStops(t *testing.T) {
	stop := errors.New("stop")
	for _, bits := range []uint{1277, 400} {
		n := new(big.Int).Lsh(one, bits)
		n.Sub(n, one)
		if bits == 400 {
			n.Sub(n, big.NewInt(592)) // 2^400-593 is a prime
		}
		plan := newPlan(200, 5000)
		sigmas := []uint64{11, 12}
		calls := 0
		s := newRunner(n, func() error { calls++; return nil })
		if d, _, err := s.Run(plan, sigmas); d != nil || err != nil {
			t.Fatalf("Run = %v, %v", d, err)
		}
		calls = 0
		s.Run(plan, sigmas)
		for _, at := range []int{1, calls / 2, calls * 3 / 4, calls} {
			i := 0
			s := newRunner(n, func() error {
				if i++; i >= at {
					return stop
				}
				return nil
			})
			if _, _, err := s.Run(plan, sigmas); err != stop || i != at {
				t.Errorf("stopped at call %d of %d: error %v after %d calls", at, calls, err, i)
			}
		}
	}
}

// FuzzRunner checks that every divisor found divides n, for small n, where a gcd often is n, and
// that lanes change nothing.
func FuzzRunner(f *testing.F) {
	plans := []*Plan{newPlan(15, 15), newPlan(15, 100), newPlan(110, 3000), newPlan(1200, 20000)}
	f.Add(uint64(25), uint64(1), uint32(0), uint8(0))
	f.Add(uint64(1<<32-5)*(1<<32-5), uint64(1), uint32(1), uint8(1))
	f.Add(uint64(1009*1013), uint64(1<<61-1), uint32(2), uint8(2))
	f.Add(uint64(10007*10009), uint64(10007*10009), uint32(3), uint8(3))
	f.Fuzz(func(t *testing.T, a, b uint64, sigma uint32, plan uint8) {
		if a, b = a|1, b|1; a%3 == 0 || b%3 == 0 {
			return
		}
		n := new(big.Int).SetUint64(a)
		if n.Mul(n, new(big.Int).SetUint64(b)); n.BitLen() < 3 {
			return
		}
		sigmas := []uint64{MinSigma + uint64(sigma), MinSigma + uint64(sigma)*3 + 1, MinSigma + 5}
		ms, p := runnerWays(n), plans[int(plan)%len(plans)]
		d, which, err := ms[0].Run(p, sigmas)
		if err != nil || d != nil && (d.Cmp(one) <= 0 || d.Cmp(n) >= 0 || new(big.Int).Mod(n, d).Sign() != 0) {
			t.Errorf("n=%d, sigmas %d: %v, %v", n, sigmas, d, err)
		}
		for i, m := range ms[1:] {
			e, other, _ := m.Run(p, sigmas)
			if (d == nil) != (e == nil) || d != nil && (d.Cmp(e) != 0 || which != other) {
				t.Errorf("n=%v, %v: %v by %d, way %d finds %v by %d", n, p, d, which, i+1, e, other)
			}
		}
	})
}

// TestRunnerAfterStop: a stopped run does not affect the next one, of a shorter number.
func TestRunnerAfterStop(t *testing.T) {
	stop := errors.New("stop")
	primeAbove := func(bits uint) *big.Int {
		n := new(big.Int).Lsh(one, bits)
		for n.Add(n, one); !n.ProbablyPrime(0); {
			n.Add(n, big.NewInt(2))
		}
		return n
	}
	long, short := primeAbove(305), primeAbove(263) // of as many limbs
	plan, err := NewPlan(2000, 100000, always)
	if err != nil {
		t.Fatal(err)
	}
	sigmas := []uint64{11, 12, 13, 14, 15, 16, 17, 18}
	var s Runner
	for stopAt := range 30 {
		s.Reset(long, always)
		if _, _, err := s.Run(plan, sigmas); err != nil {
			t.Fatal(err)
		}
		calls := 0
		s.Reset(short, func() error {
			if calls++; calls > stopAt {
				return stop
			}
			return nil
		})
		done := make(chan error, 1)
		go func() {
			_, _, err := s.Run(plan, sigmas)
			done <- err
		}()
		select {
		case err := <-done:
			if err != stop && stopAt < 10 {
				t.Fatalf("stopped at check %d: %v", stopAt, err)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("stopped at check %d it does not end", stopAt)
		}
	}
}
