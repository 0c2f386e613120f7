package factor

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/kernels/kernelstest"
	"factorfleet/internal/nat"
)

// lending returns a pool with cores to lend besides the core of one computation.
func lending(cores int) *Pool {
	p := NewPool(1+cores, 0)
	p.Enter()
	return p
}

// TestCores: the answer and its method depend neither on the number of cores nor on when the
// pool recalls them.
func TestCores(t *testing.T) { kernelstest.Each(t, testCores) }

func testCores(t *testing.T) {
	twoProcessors(t)
	rnd := rand.New(rand.NewPCG(7, 1))
	bits := 54 // so that a number takes some tenths of a second at least
	if kernels.Active() < kernels.AVX512 {
		bits = 46
	}
	helped := time.Duration(0)
	count := 3
	if kernelstest.Short() {
		count = 1
	}
	// On a busy machine a helper may not run before the number is done: then more numbers are tried.
	for i := 0; i < count || helped == 0 && i < 30; i++ {
		// Too long for the sieve, with factors of different levels.
		n := nat.FromBig(product(randomPrime(rnd, bits), randomPrime(rnd, bits+4), randomPrime(rnd, bits+8), randomPrime(rnd, 230)))
		want, method, err := New(Options{}).Append(t.Context(), nil, n)
		if err != nil || !strings.HasPrefix(method, "ecm") && !strings.HasPrefix(method, "p-1") && !strings.HasPrefix(method, "p+1") {
			t.Fatalf("%v: %s, %v", n, method, err)
		}
		pool := lending(3)
		ticks := 0
		e := New(Options{Pool: pool, Tick: func() {
			switch ticks++; ticks % 1000 {
			case 0:
				pool.Enter()
				pool.Enter()
			case 500:
				if ticks > 1000 {
					pool.Leave()
					pool.Leave()
				}
			}
		}})
		got, gotMethod, err := e.Append(t.Context(), nil, n)
		if err != nil || format(got) != format(want) || gotMethod != method {
			t.Errorf("%v is %s by %s on several cores (%v), %s by %s on one", n, format(got), gotMethod, err, format(want), method)
		}
		helped += e.stop.meter.Helped()
	}
	if helped == 0 {
		t.Error("no core was borrowed")
	}
}

// TestCurveSearch: of the steps that find a divisor the first counts, whenever it is recorded. A
// recalled step is taken again, and an unfinished step stays in the list.
func TestCurveSearch(t *testing.T) {
	r := &curveSearch{e: New(Options{}), n: new(big.Int).Lsh(one, 400), next: pieceProgress{level: 5, pp1Done: true}}
	r.firstFound.Store(1 << 40)
	taken := func(own bool, want int) step {
		t.Helper()
		st, ok := r.take(own)
		if !ok || st.index != want {
			t.Fatalf("step %d is taken (%v), want %d", st.index, ok, want)
		}
		return st
	}
	one, two := taken(false, 1), taken(false, 2)
	zero := taken(true, 0)
	if !zero.pm1 || one.pm1 {
		t.Error("the first step is not p-1, or a helper took p-1")
	}
	three, four := taken(false, 3), taken(true, 4)
	r.record(&one, nil, "", errRecalled)
	one = taken(false, 1)
	r.record(&three, big.NewInt(33), "three", nil)
	if _, ok := r.take(true); ok {
		t.Error("a step after the one that has found a divisor is taken")
	}
	if r.checkStillFirst(&four) == nil || r.checkStillFirst(&two) != nil {
		t.Error("the wrong steps continue")
	}
	r.record(&two, big.NewInt(22), "two", nil)
	r.record(&four, big.NewInt(44), "four", nil)
	r.record(&one, nil, "", nil)
	if r.method != "two" || r.foundAfter != two.after {
		t.Errorf("%s counts", r.method)
	}
	if r.unfinished[0].index != 0 {
		t.Errorf("step %d is the first that is not done, want 0", r.unfinished[0].index)
	}
}

// TestHelperPanics: Append panics with the value of a helper's panic.
func TestHelperPanics(t *testing.T) {
	pool := lending(1)
	r := &curveSearch{e: New(Options{Pool: pool}), n: nil}
	r.crew.Pool = pool
	r.e.stop.ctx = t.Context()
	r.crew.Borrow(r.help)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
		if pool.Idle() != 1 {
			t.Error("the core is not given back")
		}
	}()
	r.stopHelpers(nil)
}

// TestProgress follows the reports of a semiprime, of 57 digits at level plain and 64 at others. It
// takes several times as long as the time between two reports.
func TestProgress(t *testing.T) { kernelstest.Each(t, testProgress) }

func testProgress(t *testing.T) {
	twoProcessors(t)
	bits := 212
	if kernels.Active() == kernels.Plain || kernelstest.Lower() {
		bits = 190
	}
	n := nat.FromBig(semiprime(rand.New(rand.NewPCG(7, 2)), bits))
	digits := len(n.String())
	var list []string
	methods := make(map[string]bool)
	last := time.Time{}
	o := Options{Pool: lending(1), Progress: func(p EngineProgress) {
		if since := time.Since(last); since < 50*time.Millisecond && p.Method != methodSolve {
			t.Errorf("%+v %v after the last", p, since)
		}
		last = time.Now()
		methods[p.Method] = true
		list = append(list, fmt.Sprintf("%+v", p))
		if p.Done > p.Total || p.Digits != digits || p.Cores < 1 || p.Cores > 2 || p.Left < 0 || p.Left > time.Minute {
			t.Errorf("%+v", p)
		}
		switch p.Method {
		case methodPM1, methodPP1, methodECM:
			if p.B1 == 0 || p.Left == 0 {
				t.Errorf("%+v", p)
			}
		case methodSIQS:
			if p.Total < 1000 {
				t.Errorf("%+v", p)
			}
		}
	}}
	if fs, _, err := New(o).Append(t.Context(), nil, n); err != nil || len(fs) != 2 {
		t.Fatal(fs, err)
	}
	if !methods[methodSIQS] || !methods[methodSolve] {
		t.Errorf("reports:\n%s", strings.Join(list, "\n"))
	}
}

// TestMemory: a number whose sieve gets no memory continues with curves, and its method says why.
func TestMemory(t *testing.T) { kernelstest.Each(t, testMemory) }

func testMemory(t *testing.T) {
	if kernelstest.Short() {
		t.Skip("spends a budget, of which an emulator does too little")
	}
	n := nat.FromBig(semiprime(rand.New(rand.NewPCG(7, 3)), 180))
	fs, method, err := []Factor(nil), "", error(nil)
	for budget := 500 * time.Millisecond; budget < 10*time.Second && !strings.HasSuffix(method, " MB of memory, the limit is 5"); budget *= 2 { // a busy machine needs more
		fs, method, err = New(Options{Budget: slowly(budget), Pool: NewPool(1, 5<<20)}).Append(t.Context(), nil, n)
	}
	if err != nil || len(fs) != 1 || fs[0].Status != Composite ||
		!strings.HasPrefix(method, "unfinished after ") || !strings.HasSuffix(method, " MB of memory, the limit is 5") {
		t.Errorf("%s by %q, %v", format(fs), method, err)
	}
	// If the memory is missing for a while only, the number is sieved later.
	pool := NewPool(1, 100<<20)
	pool.Reserve(98 << 20)
	ticks := 0
	o := Options{Pool: pool, Tick: func() {
		if ticks++; ticks == 2000 {
			pool.Release(98 << 20)
		}
	}}
	if fs, method, err := New(o).Append(t.Context(), nil, n); err != nil || len(fs) != 2 || method != "siqs" {
		t.Errorf("%s by %q, %v", format(fs), method, err)
	}
}

// twoProcessors lets goroutines run in parallel during the test, on a machine with one processor
// too.
func twoProcessors(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(max(2, before))
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}
