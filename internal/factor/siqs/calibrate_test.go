//go:build linux

package siqs

import (
	"errors"
	"flag"
	"fmt"
	"math/big"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	calibrate = flag.String("calibrate", "", "measure the tunings around the table for these `sizes`, as 96,128")
	vary      = flag.String("vary", "", "what to vary, as primes=0.8:1:1.2 (factors of the table's)")
	set       = flag.String("set", "", "what to set for all, as double=1.75,slack=19")
	count     = flag.Int("count", 30, "numbers of each size")
	sampled   = flag.Duration("sample", 0, "sieve only for so much `CPU time`, for large numbers, and predict the whole from it")
)

// cpuTime returns the time that this thread has spent.
func cpuTime() time.Duration {
	var r syscall.Rusage
	const thread = 1
	if err := syscall.Getrusage(thread, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// field returns what in the tuning has that name.
func (t *tuning) field(name string) *float64 {
	return map[string]*float64{"primes": &t.primes, "large": &t.large, "interval": &t.interval,
		"small": &t.small, "slack": &t.slack, "factor": &t.factor, "double": &t.double}[name]
}

// TestCalibrate prints the CPU time a number for tunings around those of the table. It
// is where the table comes from.
func TestCalibrate(t *testing.T) {
	if *calibrate == "" {
		t.Skip("for a new machine or new kernels: -calibrate 96,128")
	}
	runtime.LockOSThread()
	name, values, _ := strings.Cut(*vary, "=")
	if values == "" {
		name, values = "primes", "1"
	}
	for _, size := range strings.Split(*calibrate, ",") {
		bits, err := strconv.Atoi(size)
		if err != nil {
			t.Fatal(err)
		}
		rnd := rand.New(rand.NewPCG(3, uint64(bits)))
		ns := make([]*big.Int, *count)
		for i := range ns {
			ns[i] = semiprime(rnd, bits)
		}
		for _, value := range strings.Split(values, ":") {
			by, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			tune := tuningFor(bits)
			for item := range strings.SplitSeq(*set, ",") {
				if name, value, ok := strings.Cut(item, "="); ok {
					*tune.field(name), err = strconv.ParseFloat(value, 64)
				}
			}
			*tune.field(name) *= by
			if *sampled > 0 {
				rate(t, name+"*"+value, ns[0], tune)
			} else {
				measure(t, name+"*"+value, ns, tune)
			}
		}
	}
}

func measure(t *testing.T, label string, ns []*big.Int, tune tuning) {
	s := NewSearcher()
	best := time.Hour
	var stats Stats
	passes := 2
	if tune.bits > 180 {
		passes = 1
	}
	for range passes {
		stats = Stats{}
		start := cpuTime()
		for _, n := range ns {
			if _, err := s.factor(always, n, tune); err != nil {
				t.Fatal(n, err)
			}
			stats.add(&s.sieve.Stats)
		}
		best = min(best, cpuTime()-start)
	}
	start := cpuTime()
	if _, err := s.set.solve(always, ns[len(ns)-1]); err != nil { // once more, to see what it takes
		t.Fatal(err)
	}
	solve := cpuTime() - start
	p, c := &s.sieve.params, float64(len(ns))
	fmt.Printf("%3.0f bits %-13s %10.1f us, %.1f of it to solve  F=%d s=%d small=%d M=%d T=%d/%d pools %d %d; A %.1f polys %.0f cand %.0f div %.0f full %.0f partial %.0f double %.0f\n",
		tune.bits, label, float64(best.Microseconds())/c, float64(solve.Nanoseconds())/1000, p.Primes, p.Factors, p.Small, p.Interval/2, p.Candidate, p.Smooth, len(s.sieve.pools.a), len(s.sieve.pools.b),
		float64(stats.Coefficients)/c, float64(stats.Polys)/c, float64(stats.Candidates)/c, float64(stats.Divided)/c, float64(stats.Full)/c, float64(stats.Partial)/c, float64(stats.Double)/c)
}

// errSampled ends a sample.
var errSampled = errors.New("sampled")

// rate sieves n for some seconds, and prints how long the relations take that the cycleModel
// needs. The sample has the first polynomials of its coefficients: at most a quarter of the time
// for each.
func rate(t *testing.T, label string, n *big.Int, tune tuning) {
	var s Sieve
	if err := s.start(always, n, tune); err != nil {
		t.Fatal(err)
	}
	var spent time.Duration
	p := &s.params
	m := cycleModel{least: float64(s.base.largest()), most: float64(p.Large)}
	emit := func(r *Relation) bool { m.large = append(m.large, r.Large); return true }
	for number := uint64(0); spent < *sampled; number++ {
		start := cpuTime()
		due := func() error {
			if cpuTime()-start > *sampled/4 {
				return errSampled
			}
			return nil
		}
		if err := s.Collect(due, number, number+1, emit); err != nil && err != errSampled {
			t.Fatal(err)
		}
		if _, err := s.emitSplit(always); err != nil {
			t.Fatal(err)
		}
		spent += cpuTime() - start
	}
	c, second, found := &s.Stats, spent.Seconds(), len(m.large)
	expected := p.ExpectedRelations()
	need := m.need(rand.New(rand.NewPCG(1, 1)), int(p.Primes)+extraCycles, 3*expected)
	fmt.Printf("%3.0f bits %-14s F=%d s=%d M=%d T=%d/%d: %6.1f us/poly, %6.1f rel/s (full %.2f, partial %.2f), %d polys/A, need %.2fF = %d (table %.2fF): %6.0f s\n",
		tune.bits, label, p.Primes, p.Factors, p.Interval/2, p.Candidate, p.Smooth, 1e6*second/float64(c.Polys),
		float64(found)/second, float64(c.Full)/second, float64(c.Partial)/second, s.poly.last()+1,
		float64(need)/float64(p.Primes), need, float64(expected)/float64(p.Primes), float64(need)*second/float64(found))
}

func (s *Stats) add(x *Stats) {
	s.Coefficients += x.Coefficients
	s.Polys += x.Polys
	s.Candidates += x.Candidates
	s.Divided += x.Divided
	s.Full += x.Full
	s.Partial += x.Partial
	s.Double += x.Double
}
