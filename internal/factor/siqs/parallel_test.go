package siqs

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"factorfleet/internal/cputime"
	"factorfleet/internal/factor/resource"
)

// poolOf returns a pool that lends so many cores to one computation, its own included.
func poolOf(cores int) *resource.Pool {
	p := resource.NewPool(cores, 0)
	p.Enter()
	return p
}

// TestCores factors on several cores, some of which are wanted elsewhere now and then.
func TestCores(t *testing.T) {
	s := NewSearcher()
	s.Pool = poolOf(3)
	most, calls, solving := 0, 0, 0
	s.Progress = func(p SearchProgress) {
		most = max(most, p.Cores)
		if p.Relations > 2*p.Expected && !p.Solving {
			t.Errorf("%+v", p)
		}
		if solving += b2i(p.Solving); !p.Solving {
			calls++
		}
	}
	wanted, returns, bits, since := false, 0, 0, 0
	alive := func() error {
		switch size := s.crew.Size(); {
		case !wanted && size == 2:
			wanted, since = true, bits
			s.Pool.Enter()
		case wanted && size < 2 && !s.enoughCycles.Load():
			wanted = false
			s.Pool.Leave()
			returns += b2i(since == bits) // else it is what the number before has left
		}
		return nil
	}
	sizes := []int{70, 90, 110, 130, 150, 185}
	for _, bits = range sizes {
		n := semiprime(rand.New(rand.NewPCG(6, uint64(bits))), bits)
		if d, err := s.Factor(alive, n); err != nil || new(big.Int).Rem(n, d).Sign() != 0 || d.Cmp(one) == 0 || d.Cmp(n) == 0 {
			t.Errorf("Factor(%v) = %v, %v", n, d, err)
		}
	}
	if returns == 0 {
		t.Error("a core that is wanted elsewhere is not given back")
	}
	if calls == 0 || solving < len(sizes) || most < 2 {
		t.Errorf("%d reports, %d of linear algebra, on up to %d cores", calls, solving, most)
	}
	if wanted {
		s.Pool.Leave()
	}
	if got := s.Pool.Idle(); got != 2 {
		t.Errorf("%d cores are idle at the end, want 2", got)
	}
}

// TestNoMemory: what does not fit is refused before it is begun, and what fits once has no helper.
func TestNoMemory(t *testing.T) {
	n := semiprime(rand.New(rand.NewPCG(6, 150)), 150)
	p := mustParams(t, n)
	sieve, set, solve := p.Memory()
	s := NewSearcher()
	s.Pool = resource.NewPool(3, sieve+set+solve-1)
	var small *MemoryError
	if _, err := s.Factor(always, n); !errors.As(err, &small) || small.Need != sieve+set+solve {
		t.Errorf("without memory: %v", err)
	}
	s.Pool = resource.NewPool(9, sieve+set+solve)
	s.Pool.Enter()
	most := 0
	s.Progress = func(p SearchProgress) {
		if !p.Solving {
			most = max(most, p.Cores)
		}
	}
	checkFactor(t, s, n)
	if allowed := 1 + int(solve/sieve); most > allowed {
		t.Errorf("%d cores have sieved, with the memory for %d", most, allowed)
	}
	if !s.Pool.Fits(sieve + set + solve) {
		t.Error("memory is still reserved")
	}
}

// TestStops expects Factor to end with the error of alive, and soon.
func TestStops(t *testing.T) {
	n := semiprime(rand.New(rand.NewPCG(6, 280)), 280)
	stop := errors.New("stop")
	for _, cores := range []int{1, 2} {
		calls := 0
		var last time.Duration // of CPU time: a busy machine makes a stop take longer
		s := NewSearcher()
		s.Pool = poolOf(cores)
		_, err := s.Factor(func() error {
			if calls++; calls > 30 && s.crew.Size() == cores-1 {
				return stop
			}
			last, _ = cputime.Process()
			return nil
		}, n)
		if err != stop {
			t.Errorf("%d cores: Factor: %v", cores, err)
		}
		if now, ok := cputime.Process(); ok && now-last > time.Second {
			t.Errorf("%d cores: it took %v of CPU time to stop", cores, now-last)
		}
		if got := s.Pool.Idle(); got != cores-1 {
			t.Errorf("%d cores are idle at the end, want %d", got, cores-1)
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
	st := &s.sieve.Stats
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
