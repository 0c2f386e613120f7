//go:build linux

package siqs

import (
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
	some      = flag.Uint64("some", 0, "sieve only with so many `coefficients`, for large numbers, and print the rate of relations")
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
			if *some > 0 {
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

// rate prints what the first coefficients of n give.
func rate(t *testing.T, label string, n *big.Int, tune tuning) {
	var s Sieve
	if err := s.start(always, n, tune); err != nil {
		t.Fatal(err)
	}
	best, found := time.Hour, 0
	for range 3 {
		start := cpuTime()
		s.Stats, found = Stats{}, 0
		if err := s.Collect(always, 0, *some, func(*Relation) bool { found++; return true }); err != nil {
			t.Fatal(err)
		}
		best = min(best, cpuTime()-start)
	}
	p, c, second := &s.params, &s.Stats, best.Seconds()
	fmt.Printf("%3.0f bits %-13s F=%d s=%d M=%d T=%d/%d: %6.1f us a polynomial, %6.0f relations a second (full %.1f, partial %.1f), %5.0f s for the %d expected\n",
		tune.bits, label, p.Primes, p.Factors, p.Interval/2, p.Candidate, p.Smooth, 1e6*second/float64(c.Polys),
		float64(found)/second, float64(c.Full)/second, float64(c.Partial)/second, float64(p.ExpectedRelations())*second/float64(found), p.ExpectedRelations())
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
