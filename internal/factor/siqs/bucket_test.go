package siqs

import (
	"math/rand/v2"
	"slices"
	"testing"

	"factorfleet/internal/factor/kernels"
)

// TestDivide finds the primes at a position, also those of a run of one logarithm that is longer than a group
// may be, and where more entries have to be looked at than at a time.
func TestDivide(t *testing.T) {
	onLevel(kernels.Plain, func() { testDivide(t) })
	eachLevel(t, testDivide)
}

func testDivide(t *testing.T) {
	rnd := rand.New(rand.NewPCG(20, 1))
	b := checkDivide(t, newSample(rnd, anyRoots, groupRoom+200, 1483000)) // from above 2^20.5 to below 2^21.5
	if n := len(b.groups); n != 2 || b.groups[0].end != groupRoom {
		t.Errorf("groups %v", b.groups)
	}
	b = checkDivide(t, newSample(rnd, anyRoots, 24000, blockSize))
	if n := b.count[0]; n < hitRoom+100 || n > b.room {
		t.Errorf("%d entries, want more than %d", n, hitRoom)
	}
}

// checkDivide returns the buckets.
func checkDivide(t *testing.T, s *sample) *buckets {
	const interval = 4 * blockSize
	var b buckets
	b.prepare(&s.factorBase, interval)
	want := make(map[uint32][]uint32)
	for i, p := range s.prime {
		for _, root := range []uint32{s.root1[i], s.root2[i]} {
			if step := s.step[i]; root < step {
				root += p - step
			} else {
				root -= step
			}
			for ; root < interval; root += p {
				want[root] = append(want[root], uint32(i))
			}
		}
	}
	b.pair(s.prime, s.root1, s.root2)
	b.fill(s.prime, s.root1, s.root2, &[polysPerFill]polySwitch{{step: s.step}, {step: b.zeroStep}, {step: b.zeroStep}, {step: b.zeroStep}})
	for number := range uint32(polysPerFill) {
		for position := range uint32(interval) {
			if position%16 != 0 && len(want[position]) < 2 {
				continue
			}
			r := remainder{v: wide{1}, words: 1, primes: new([]uint32)}
			for _, i := range want[position][:min(len(want[position]), 2)] { // below 2^64
				r.v[0] *= uint64(s.prime[i])
			}
			b.divide(&r, &s.factorBase, number, position)
			if found := *r.primes; r.v[0] != 1 || !slices.IsSorted(found) {
				t.Fatalf("polynomial %d, position %d: found %d, want %d", number, position, found, want[position])
			}
		}
	}
	return &b
}

// TestPair: root1 and root1 less the distance are the roots, and the other root is in the interval exactly if
// the difference is.
func TestPair(t *testing.T) {
	onLevel(kernels.Plain, func() { sampleAll(t, checkPair) })
}

func checkPair(t *testing.T, s *sample) {
	if s.prime[0] < blockSize {
		return
	}
	var b buckets
	interval := uint32(blockSize * (2 + s.rnd.IntN(6)))
	b.prepare(&s.factorBase, interval)
	root1, root2 := slices.Clone(s.root1), slices.Clone(s.root2)
	b.pair(s.prime, root1, root2)
	for i, p := range s.prime {
		x, y := root1[i], root2[i]
		if p >= 2*interval {
			d := y
			if y = x - d; x < d {
				y += p
			}
			if d > p/2 || (x-d < interval) != (y < interval) {
				t.Fatalf("prime %d: roots %d, %d become %d less %d", p, s.root1[i], s.root2[i], x, d)
			}
		}
		if x > y {
			x, y = y, x
		}
		if x != min(s.root1[i], s.root2[i]) || y != max(s.root1[i], s.root2[i]) {
			t.Fatalf("prime %d, interval %d: roots %d, %d become %d, %d", p, interval, s.root1[i], s.root2[i], x, y)
		}
	}
}

// TestScatter compares buckets of all numbers of blocks with those of Go, up to the last entry that there is room for.
func TestScatter(t *testing.T) { eachLevel(t, testScatter) }

func testScatter(t *testing.T) {
	rnd := rand.New(rand.NewPCG(20, 2))
	for blocks := 2; blocks <= maxInterval/blockSize; blocks++ {
		for _, hits := range []int{1, 7, 8, 9, 15, 16, 17, 40, 100} {
			b, c := testBuckets(blocks, hits), testBuckets(blocks, hits)
			for part := range uint32(3) { // the second and third may be too many
				for i := range hits {
					at := rnd.IntN(blocks)
					if rnd.IntN(2) == 0 {
						at = blocks - 1
					}
					b.found[1][i] = uint32(rnd.IntN(1<<12))<<20 | uint32(at*blockSize+rnd.IntN(blockSize))
				}
				c.found[1] = b.found[1]
				b.scatter(1, hits, part<<28)
				onLevel(kernels.Plain, func() { c.scatter(1, hits, part<<28) })
				if !slices.Equal(b.count, c.count) {
					t.Fatalf("%d blocks, %d hits: counts %d, want %d", blocks, hits, b.count, c.count)
				}
				for n := range polysPerFill * blocks {
					if got, want := b.block(n, 0, b.count[n]), c.block(n, 0, c.count[n]); !slices.Equal(got, want) {
						t.Fatalf("%d blocks, %d hits, block %d: entries %x, want %x", blocks, hits, n, got, want)
					}
					if b.entries[(n+1)*int(b.stride)-1] != guard {
						t.Fatalf("%d blocks, %d hits, block %d: the word behind is overwritten", blocks, hits, n)
					}
				}
			}
		}
	}
}

// testBuckets returns buckets with room for so many entries and 16 that kernels overwrite, and a guard.
func testBuckets(blocks, room int) *buckets {
	stride := room + 17
	return &buckets{blocks: blocks, room: uint32(room), stride: uint32(stride),
		entries: slices.Repeat([]uint32{guard}, polysPerFill*blocks*stride), count: make([]uint32, polysPerFill*blocks)}
}
