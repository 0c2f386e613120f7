package siqs

import (
	"bytes"
	"slices"
	"testing"

	"factorfleet/internal/factor/kernels"
)

func TestSchedule(t *testing.T) {
	eachSample(t, checkSchedule)
	onLevel(kernels.Plain, func() { sampleAll(t, checkSchedule) })
}

func FuzzSchedule(f *testing.F) { fuzzSamples(f, checkSchedule) }

// checkSchedule compares the kernels of a schedule with sieveBlock, for three blocks that
// follow each other, or for one that is shorter. Behind the block they may write blockPad bytes.
func checkSchedule(t *testing.T, s *sample) {
	size, blocks := blockSize, 3
	if s.rnd.IntN(2) == 0 {
		size, blocks = 64*(1+s.rnd.IntN(blockSize/64)), 1
	}
	var sched schedule
	sched.prepare(&s.factorBase, 0, len(s.prime), size)
	rest := make([]uint32, len(s.prime))
	for i, p := range s.prime {
		rest[i] = uint32(size) % p
	}
	want1, want2 := slices.Clone(s.root1), slices.Clone(s.root2)
	for n := range blocks {
		got, want := bytes.Repeat([]uint8{7}, size+blockPad+64), bytes.Repeat([]uint8{7}, size)
		sched.sieve(got[:size], s.prime, s.root1, s.root2, s.logp)
		sieveBlock(want, s.prime, want1, want2, s.logp)
		if !bytes.Equal(got[:size], want) {
			t.Fatalf("%d primes from %d, size %d: block %d differs", len(s.prime), s.prime[0], size, n)
		}
		for i, v := range got[size+blockPad:] {
			if v != 7 {
				t.Fatalf("%d primes from %d, size %d: byte %d behind the padding is overwritten", len(s.prime), s.prime[0], size, i)
			}
		}
		move(s.prime, s.root1, s.root2, rest, false)
	}
}

// sieveBlock adds logp[i] to the block at all positions root1[i] + a*prime[i] and
// root2[i] + a*prime[i], and moves the roots to the next block.
// Requires |root1[i]-root2[i]| < prime[i] for roots within the block.
func sieveBlock(block []uint8, prime, root1, root2 []uint32, logp []uint8) {
	n := uint(len(block))
	root1, root2, logp = root1[:len(prime)], root2[:len(prime)], logp[:len(prime)]
	for i := range prime {
		p, log := uint(prime[i]), logp[i]
		x, y := uint(root1[i]), uint(root2[i])
		for x < n && y < n {
			block[x] += log
			block[y] += log
			x += p
			y += p
		}
		// One of them is outside, and the other will be after one hit more.
		if x < n {
			block[x] += log
			x += p
		}
		if y < n {
			block[y] += log
			y += p
		}
		root1[i], root2[i] = uint32(x-n), uint32(y-n)
	}
}
