package siqs

import (
	"math/rand/v2"
	"slices"
	"testing"

	"factorfleet/internal/factor/kernels"
)

func TestStart(t *testing.T) { eachSample(t, checkStart) }

func FuzzStart(f *testing.F) { fuzzSamples(f, checkStart) }

// checkStart compares the roots and steps of a coefficient whose primes are none of the sample,
// made up like all of it, with those that Go makes.
func checkStart(t *testing.T, s *sample) {
	if len(s.prime) < startLeast {
		return // no base is so small
	}
	sieve := &Sieve{base: s.factorBase, half: int32(s.rnd.IntN(maxInterval / 2))}
	sieve.base.prime = append([]uint32{1, 2}, s.prime...)
	sieve.base.recip = append([]uint64{0, 0}, s.recip...)
	sieve.lifted = append([]uint32{0, 0}, s.root1...)
	sieve.root1, sieve.root2 = make([]uint32, len(s.prime)+2), make([]uint32, len(s.prime)+2)
	var inverses [maxFactors][]uint32
	for j := range 2 + s.rnd.IntN(maxFactors-1) {
		sieve.poly.factors = append(sieve.poly.factors, 0)
		sieve.poly.gamma[j] = uint32(s.rnd.IntN(maxFactor / 2))
		sieve.step = append(sieve.step, make([]uint32, len(s.prime)+2))
		inverses[j] = []uint32{0, 0}
		for _, p := range s.prime {
			inverses[j] = append(inverses[j], uint32(1+s.rnd.Uint64N(uint64(p-1))))
		}
	}
	for i := 2; i < len(sieve.base.prime); i++ {
		sieve.startPrime(i, &inverses)
	}
	want := append([][]uint32{sieve.root1, sieve.root2}, sieve.step...)
	sieve.root1, sieve.root2 = guarded(make([]uint32, len(s.prime)+2)), guarded(make([]uint32, len(s.prime)+2))
	sieve.step = nil
	for range sieve.poly.factors {
		sieve.step = append(sieve.step, guarded(make([]uint32, len(s.prime)+2)))
	}
	sieve.startRoots(&inverses)
	got := append([][]uint32{sieve.root1, sieve.root2}, sieve.step...)
	for i := range want {
		if !slices.Equal(got[i][2:], want[i][2:]) {
			t.Fatalf("%d primes from %d, %d factors, array %d: %v, want %v", len(s.prime), s.prime[0], len(sieve.poly.factors), i, got[i], want[i])
		}
	}
	checkGuard(t, got...)
}

func TestMove(t *testing.T) { eachSample(t, checkMove) }

func FuzzMove(f *testing.F) { fuzzSamples(f, checkMove) }

// checkMove compares the kernel with Go, for noRoot too.
func checkMove(t *testing.T, s *sample) {
	if i := s.rnd.IntN(len(s.prime)); s.shape == anyRoots {
		s.root1[i], s.root2[i], s.step[i] = noRoot, noRoot, 0
	}
	for _, up := range []bool{false, true} {
		want1, want2 := slices.Clone(s.root1), slices.Clone(s.root2)
		onLevel(kernels.Plain, func() { move(s.prime, want1, want2, s.step, up) })
		got1, got2 := guarded(s.root1), guarded(s.root2)
		move(s.prime, got1, got2, s.step, up)
		if !slices.Equal(got1, want1) || !slices.Equal(got2, want2) {
			t.Fatalf("%d primes from %d, up %v: roots %v, %v, want %v, %v", len(s.prime), s.prime[0], up, got1, got2, want1, want2)
		}
		checkGuard(t, got1, got2)
	}
}

func TestFill(t *testing.T) { eachSample(t, checkFill) }

func FuzzFill(f *testing.F) { fuzzSamples(f, checkFill) }

// checkFill compares buckets filled in lanes with those filled by Go, several times, so that
// they overflow, too.
func checkFill(t *testing.T, s *sample) {
	if s.prime[0] < blockSize {
		return
	}
	var b, c buckets
	interval := uint32(blockSize * (2 + s.rnd.IntN(maxInterval/blockSize-1)))
	s.special = 0
	b.prepare(&s.factorBase, interval)
	c.prepare(&s.factorBase, interval)
	if s.shape == sameRoots { // all in one bucket, too small for that
		b.room, c.room = b.room/64, c.room/64
	}
	root1, root2 := slices.Clone(s.root1), slices.Clone(s.root2)
	c.pair(s.prime, root1, root2)
	for range 3 {
		switches := s.switches()
		got1, got2 := guarded(root1), guarded(root2)
		b.fill(s.prime, got1, got2, switches)
		onLevel(kernels.Plain, func() { c.fill(s.prime, root1, root2, switches) })
		if !slices.Equal(got1, root1) || !slices.Equal(got2, root2) || !slices.Equal(b.count, c.count) {
			t.Fatalf("%d primes from %d, interval %d: roots %v, %v, want %v, %v; counts %v, want %v",
				len(s.prime), s.prime[0], interval, got1, got2, root1, root2, b.count, c.count)
		}
		checkGuard(t, got1, got2)
		checkBuckets(t, &b, &c)
	}
}

// switches returns switches by three steps, as the Gray code has them.
func (s *sample) switches() *[polysPerFill]polySwitch {
	var steps [3][]uint32
	for i := range steps {
		for _, p := range s.prime {
			steps[i] = append(steps[i], uint32(s.rnd.Uint64N(uint64(p))))
		}
	}
	var switches [polysPerFill]polySwitch
	for k, i := range [polysPerFill]int{0, 1, 2, 1} {
		switches[k] = polySwitch{steps[i], s.rnd.IntN(2) == 0}
	}
	return &switches
}

// checkBuckets expects the same entries in each group, in any order, unless they overflow, and
// the same from add and find.
func checkBuckets(t *testing.T, b, c *buckets) {
	for n := range polysPerFill * b.blocks {
		if b.count[n] > b.room {
			continue
		}
		for g := range b.groups {
			got := slices.Sorted(slices.Values(b.block(n, b.starts[g][n], b.starts[g+1][n])))
			want := slices.Sorted(slices.Values(c.block(n, c.starts[g][n], c.starts[g+1][n])))
			if !slices.Equal(got, want) {
				t.Fatalf("block %d, group %d: entries %x, want %x", n, g, got, want)
			}
		}
		var got, want [blockSize]uint8
		b.add(&got, n)
		onLevel(kernels.Plain, func() { c.add(&want, n) })
		if got != want {
			t.Fatalf("block %d: add differs", n)
		}
	}
}

func TestFind(t *testing.T) { eachLevel(t, testFind) }

func testFind(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 1))
	for count := 1; count < 300; count++ {
		for _, kinds := range []int{1, 2, 20, blockSize} {
			entries := make([]uint32, count)
			for i := range entries {
				entries[i] = rnd.Uint32()&^(blockSize-1) | uint32(blockSize-1-rnd.IntN(kinds))
			}
			for _, offset := range []uint32{0, blockSize - 1, entries[count/2] % blockSize} {
				want := find(nil, entries, offset)
				got := make([]uint32, count+16)
				got = got[:findLanes(&entries[0], count, int(offset), &got[0])]
				if !slices.Equal(got, want) {
					t.Fatalf("find(%x, %x) = %x, want %x", entries, offset, got, want)
				}
			}
		}
	}
}

func TestMatch(t *testing.T) { eachSample(t, checkMatch) }

func FuzzMatch(f *testing.F) { fuzzSamples(f, checkMatch) }

// checkMatch compares the kernel with Go for positions everywhere and where the
// roots are.
func checkMatch(t *testing.T, s *sample) {
	i := s.rnd.IntN(len(s.prime))
	for _, root := range []uint32{noRoot, noRoot - 1000, noRoot - 1<<28} {
		i := s.rnd.IntN(len(s.prime))
		s.root1[i], s.root2[i] = root, root
	}
	positions := []uint32{0, 1, maxInterval - 1, maxInterval - 2, blockSize - 1, blockSize}
	for range 20 {
		positions = append(positions, uint32(s.rnd.IntN(maxInterval)), s.root1[i]%maxInterval,
			(s.root2[i]+s.prime[i]*uint32(s.rnd.IntN(20)))%maxInterval)
	}
	got := make([]uint32, len(s.prime)+16)
	for _, x := range positions {
		for low := range min(3, len(s.prime)) {
			want := match(nil, s.prime, s.recip, s.root1, s.root2, x, low)
			n := matchLanes(&s.prime[low], &s.root1[low], &s.root2[low], &s.inverse[low], &s.maxQuotient[low], len(s.prime)-low, int(x), low, &got[0])
			if !slices.Equal(got[:n], want) {
				t.Fatalf("match(%v, %v, %v, %d) = %d, want %d", s.prime, s.root1, s.root2, x, got[:n], want)
			}
		}
	}
}

// TestMatchMultiples tries positions next to multiples of all odd primes below 2^16.
func TestMatchMultiples(t *testing.T) { eachLevel(t, testMatchMultiples) }

func testMatchMultiples(t *testing.T) {
	s := newSample(rand.New(rand.NewPCG(9, 2)), zeroRoots, 6000, 3)
	for i, p := range s.prime {
		s.root2[i] = p - 1
	}
	got := make([]uint32, len(s.prime)+16)
	for x := uint32(maxInterval - 1); x > 0; x -= min(x, 977) {
		want := match(nil, s.prime, s.recip, s.root1, s.root2, x, 0)
		n := matchLanes(&s.prime[0], &s.root1[0], &s.root2[0], &s.inverse[0], &s.maxQuotient[0], len(s.prime), int(x), 0, &got[0])
		if !slices.Equal(got[:n], want) {
			t.Fatalf("match(%d) = %d, want %d", x, got[:n], want)
		}
	}
}

func TestTop(t *testing.T) { eachLevel(t, testTop) }

func testTop(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 3))
	for size := 64; size <= 2048; size += 64 {
		block := make([]uint8, size+64)
		for i := range block {
			block[i] = uint8(rnd.IntN(128))
		}
		block[size] = 255 // behind the end
		for range 20 {
			for from := 0; from < size; from += 64 {
				if got, want := topLanes(&block[0], from, size), top(block[:size], from); got != want {
					t.Fatalf("top of %d from %d is %d, want %d", size, from, got, want)
				}
			}
			block[rnd.IntN(size)] = uint8(128 + rnd.IntN(128))
		}
	}
}

// TestTopAlone looks for a single byte of 128 at each place, and for one that is behind the block.
func TestTopAlone(t *testing.T) { eachLevel(t, testTopAlone) }

func testTopAlone(t *testing.T) {
	for size := 64; size <= 1024; size += 64 {
		block := make([]uint8, size+256)
		for at := range block {
			block[at] = 128
			for from := 0; from < size; from += 64 {
				want := size
				if at >= from && at < size {
					want = at &^ 63
				}
				if got := topLanes(&block[0], from, size); got != want {
					t.Fatalf("top of %d from %d, with one at %d, is %d, want %d", size, from, at, got, want)
				}
			}
			block[at] = 0
		}
	}
}

// TestSameRelations expects the same relations with and without lanes.
func TestSameRelations(t *testing.T) { eachLevel(t, testSameRelations) }

func testSameRelations(t *testing.T) {
	for _, bits := range []int{64, 100, 150, 190, 220, 250} {
		p := mustParams(t, semiprime(rand.New(rand.NewPCG(10, uint64(bits))), bits))
		got := collect(t, p, 0, 20)
		var want []Relation
		onLevel(kernels.Plain, func() { want = collect(t, p, 0, 20) })
		if len(got) == 0 || !slices.EqualFunc(got, want, equal) {
			t.Errorf("%d bits: %d relations in lanes, others than the %d without", bits, len(got), len(want))
		}
	}
}
