package ecm

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"factorfleet/internal/factor/mont"
	"factorfleet/internal/factor/prime"
)

var (
	scheduleSize  = flag.Int("schedule", 0, "find the first rounds of the class that ends at that many bits")
	scheduleCount = flag.Int("numbers", 960, "numbers of each sort")
	scheduleLoss  = flag.Float64("loss", 1.03, "time of semiprimes at most, the class without first rounds being 1")
	scheduleSieve = flag.Duration("sieve", 0, "time of the sieve that does the rest, instead of the class")
)

// TestSchedule searches for the first rounds that are best for random numbers, with a bound for
// what they cost semiprimes. It runs each curve on each number once and measures the time of a
// curve; then it computes the time of all schedules. class.first comes from it:
//
//	go test ./internal/factor/ecm -run Schedule -v -schedule 64
//	go test ./internal/factor/ecm -run Schedule -v -schedule 128 -sieve 5ms
func TestSchedule(t *testing.T) {
	if *scheduleSize == 0 {
		t.Skip("for a new machine or new kernels: -schedule 64")
	}
	if lanes := mont.LaneBits(); *scheduleSize > lanes {
		t.Fatalf("the level in force has lanes up to %d bits", lanes)
	}
	at := 0
	for classes[at].bits != *scheduleSize {
		at++
	}
	low := 27
	if at > 0 {
		low = classes[at-1].bits + 1
	}
	s := &scheduler{class: at, slots: programs[to112]().slots}
	s.lanes = newMachine(mont.NewLanes(classes[at].bits, s.slots))
	width := len(s.lanes.owner)
	count := (*scheduleCount + width - 1) / width * width
	rnd := rand.New(rand.NewPCG(3, 4))
	for range count {
		s.lists[0] = append(s.lists[0], roughComposite(rnd, low+rnd.IntN(classes[at].bits-low+1)))
	}
	s.lists[1] = semiprimes(classes[at].bits, count)
	s.measure(t)

	none := [2]float64{s.cost(0, nil), s.cost(1, nil)}
	t.Logf("no first rounds: random %.0f ns, semiprimes %.0f ns", none[0], none[1])
	type outcome struct {
		random, semiprime float64
		rounds            []round
	}
	var all []outcome
	s.each(nil, func(rounds []round) {
		o := outcome{s.cost(0, rounds) / none[0], s.cost(1, rounds) / none[1], slices.Clone(rounds)}
		if o.semiprime <= *scheduleLoss {
			all = append(all, o)
		}
	})
	slices.SortFunc(all, func(a, b outcome) int { return cmp.Compare(a.random, b.random) })
	for _, o := range all[:min(10, len(all))] {
		text := ""
		for _, r := range o.rounds {
			text += fmt.Sprintf(" %d of %d bits", r.curves, classes[r.class].bits)
		}
		t.Logf("random %.3f, semiprimes %.3f:%s", o.random, o.semiprime, text)
	}
}

// roughComposite returns a random composite of so many bits without a prime factor of trial
// division.
func roughComposite(rnd *rand.Rand, size int) Number {
next:
	for {
		n := Number{rnd.Uint64() | 1, rnd.Uint64()}
		if size <= 64 {
			n = Number{n[0]>>(64-size) | 1<<(size-1) | 1}
		} else {
			n[1] = n[1]>>(128-size) | 1<<(size-65)
		}
		for _, p := range prime.Small()[1:1025] {
			if prime.Mod(n[:], uint64(p)) == 0 {
				continue next
			}
		}
		if !toBig(n).ProbablyPrime(0) {
			return n
		}
	}
}

// scheduleCurves is how many curves of each class are tried.
const scheduleCurves = 12

// A scheduler knows for two lists which curves split which numbers.
type scheduler struct {
	class, slots int
	lanes        *machine
	lists        [2][]Number                 // random numbers, semiprimes
	splits       [2][][scheduleCurves]uint32 // for each number and curve, a bit for each class
	last         [2][]int                    // how many curves of the class it takes in all
	begin        float64                     // ns to set a modulus
	curve        []float64                   // ns for a curve of each class
}

// measure fills in what s knows.
func (s *scheduler) measure(t *testing.T) {
	width := len(s.lanes.owner)
	lane := func(f func(l int)) func() {
		return func() {
			for l := range width {
				f(l)
			}
		}
	}
	best := func(f func()) float64 {
		least := time.Hour
		for range 300 {
			start := time.Now()
			f()
			least = min(least, time.Since(start))
		}
		return float64(least.Nanoseconds()) / float64(width)
	}
	s.begin = best(lane(func(l int) { s.lanes.lanes.SetModulus(l, s.lists[1][l]) }))
	for i := range s.splits {
		s.splits[i] = make([][scheduleCurves]uint32, len(s.lists[i]))
		s.last[i] = make([]int, len(s.lists[i]))
	}
	for c := 0; c <= s.class; c++ {
		s.curve = append(s.curve, 1e12)
		if classes[c].curves == 0 {
			continue
		}
		s.lanes.program = programs[c]()
		s.curve[c] = best(func() { s.run(3, s.lists[1], func(int) {}) })
		for i, list := range s.lists {
			for base := 0; base < len(list); base += width {
				part := list[base:][:width]
				lane(func(l int) { s.lanes.lanes.SetModulus(l, part[l]) })()
				for k := range scheduleCurves {
					s.run(k, part, func(l int) { s.splits[i][base+l][k] |= 1 << c })
				}
				for k := scheduleCurves; c == s.class && k < classes[c].curves && *scheduleSieve == 0; k++ {
					s.run(k, part, func(l int) {
						if s.last[i][base+l] == 0 {
							s.last[i][base+l] = k + 1
						}
					})
				}
			}
		}
		t.Logf("%d bits: %.0f ns a curve, splits %.3f of random numbers, %.3f of semiprimes",
			classes[c].bits, s.curve[c], s.share(0, c), s.share(1, c))
	}
}

// run runs a curve by number on the moduli that are set.
func (s *scheduler) run(k int, ns []Number, found func(l int)) {
	m := s.lanes
	for l := range m.owner {
		num, den := sigma(1, k)
		m.lanes.Set(slotSigma, l, Number{num})
		m.lanes.Set(slotSigmaDen, l, Number{den})
	}
	for _, code := range m.program.stages {
		m.lanes.Run(code)
	}
	if m.lanes.HasGCDs() {
		m.lanes.Run(resultGCDs)
	}
	one := classRun{machine: m}
	for l := range m.owner {
		if one.divisor(l, ns[l]) != (Number{}) {
			found(l)
		}
	}
}

// share returns which part of list i the first curve of a class splits.
func (s *scheduler) share(i, class int) float64 {
	count := 0
	for _, curves := range s.splits[i] {
		count += int(curves[0] >> class & 1)
	}
	return float64(count) / float64(len(s.splits[i]))
}

// cost returns the time for a number of list i in nanoseconds.
func (s *scheduler) cost(i int, rounds []round) float64 {
	if *scheduleSieve == 0 {
		rounds = append(rounds[:len(rounds):len(rounds)], round{s.class, scheduleCurves})
	}
	sum := 0.0
next:
	for n, curves := range s.splits[i] {
		k := 0
		for _, r := range rounds {
			sum += s.begin
			for end := k + r.curves; k < end && k < scheduleCurves; k++ {
				sum += s.curve[r.class]
				if curves[k]>>r.class&1 != 0 {
					continue next
				}
			}
		}
		sum += float64(*scheduleSieve)
		if *scheduleSieve == 0 {
			sum += s.curve[s.class] * float64(max(0, s.last[i][n]-scheduleCurves))
		}
	}
	return sum / float64(len(s.splits[i]))
}

// each calls f for schedules that begin with rounds.
func (s *scheduler) each(rounds []round, f func([]round)) {
	used, first := 0, 0
	for _, r := range rounds {
		used, first = used+r.curves, r.class+1
	}
	f(rounds)
	for c := first; c <= s.class && len(rounds) < 3; c++ {
		if classes[c].curves == 0 || c == s.class && *scheduleSieve == 0 {
			continue
		}
		for count := 1; count <= 4 && used+count <= scheduleCurves; count++ {
			s.each(append(rounds[:len(rounds):len(rounds)], round{c, count}), f)
		}
	}
}
