package siqs

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"
)

// TestWorkers factors with several goroutines.
func TestWorkers(t *testing.T) {
	s := NewSearcher()
	s.Workers = 3
	calls, last := 0, 0
	s.Progress = func(p Progress) {
		calls++
		last = p.Cycles
		if p.Cycles > p.Need || p.Relations > 2*p.Expected {
			t.Errorf("%+v", p)
		}
	}
	for bits := 70; bits <= 140; bits += 14 {
		checkFactor(t, s, semiprime(rand.New(rand.NewPCG(6, uint64(bits))), bits))
	}
	if calls == 0 || last == 0 {
		t.Error("no progress")
	}
}

// TestStops expects Factor to end with the error of alive, and soon.
func TestStops(t *testing.T) {
	n := semiprime(rand.New(rand.NewPCG(6, 280)), 280)
	stop := errors.New("stop")
	for _, workers := range []int{1, 2} {
		var calls atomic.Int64
		var last atomic.Int64
		s := NewSearcher()
		s.Workers = workers
		start := time.Now()
		_, err := s.Factor(func() error {
			now := int64(time.Since(start))
			if calls.Add(1) > 3 {
				return stop
			}
			last.Store(now)
			return nil
		}, n)
		if err != stop {
			t.Errorf("%d workers: Factor: %v", workers, err)
		}
		if wait := time.Since(start) - time.Duration(last.Load()); wait > time.Second {
			t.Errorf("%d workers: it took %v to stop", workers, wait)
		}
	}
}

// TestCampaign does in pieces what Factor does at once: params, ranges of coefficients
// in any order, a set that checks.
func TestCampaign(t *testing.T) {
	p := mustParams(t, semiprime(rand.New(rand.NewPCG(6, 110)), 110))
	var set Set
	if err := set.Reset(always, p); err != nil {
		t.Fatal(err)
	}
	var d *big.Int
	for i := uint64(0); d == nil; i += 2 {
		for _, from := range []uint64{i + 1, i} {
			for _, r := range collect(t, p, from, from+1) {
				r.value = wide{}
				if _, err := set.Add(&r); err != nil {
					t.Fatal(err)
				}
			}
		}
		if set.Have() >= set.Need() {
			var err error
			if d, err = set.Solve(always); err != nil {
				t.Fatal(err)
			}
		}
	}
	if new(big.Int).Rem(p.N, d).Sign() != 0 || d.Cmp(one) == 0 || d.Cmp(p.N) == 0 {
		t.Errorf("Solve(%v) = %v", p.N, d)
	}
}

// TestDouble factors with two large primes where they do not pay, and expects cycles of them.
func TestDouble(t *testing.T) {
	tune := tuningFor(130)
	tune.double, tune.slack, tune.interval = 1.8, tune.slack-4, 2*blockSize
	tune.primes *= 0.6
	s := NewSearcher()
	n := semiprime(rand.New(rand.NewPCG(6, 130)), 130)
	d, err := s.factor(always, n, tune)
	if err != nil || new(big.Int).Rem(n, d).Sign() != 0 {
		t.Fatalf("factor(%v) = %v, %v", n, d, err)
	}
	st := &s.sieves[0].Stats
	if st.Double < 100 {
		t.Errorf("%d full, %d partial, %d with two large primes", st.Full, st.Partial, st.Double)
	}
	longest := 0
	start := uint32(0)
	for _, end := range s.set.solver.ends {
		longest = max(longest, int(end-start))
		start = end
	}
	if longest < 3 {
		t.Errorf("the longest cycle has %d relations", longest)
	}
	if len(s.set.solver.ends) != s.set.Have() {
		t.Errorf("the forest has %d cycles, union-find %d", len(s.set.solver.ends), s.set.Have())
	}
}
