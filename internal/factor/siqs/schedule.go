package siqs

// A schedule says with which kernel each prime is sieved, for blocks of one size. A kernel has no
// branch that depends on a root: it adds the logarithm as often as some root below the prime may hit
// the block, and what is too much ends up behind the block, where there are blockPad bytes of no
// meaning.
//
// The roots must be below the prime, which those of the primes of a coefficient are not: these
// get the root 0 and the logarithm 0.
type schedule struct {
	low    int      // index of the first prime to sieve with
	middle int      // index of the first prime above quadBound
	quads  []uint16 // for the primes from low to middle-1: hits/4, rounded up
	runs   []run    // of the primes from middle on
	found  [foundRoom + 24]uint32
}

// foundRoom is the room for the hits that sieveLarge finds first, of largeAtOnce primes;
// it overwrites 16 words more, and reads 8.
const (
	foundRoom   = largeAtOnce * 2
	largeAtOnce = 128
)

// A run is a range of primes for one call of a kernel.
type run struct {
	first, end int
	hits       int   // of a root in a block, or one less
	log        uint8 // of all of them, or 0 if they are below maxFactor
}

const (
	// quadBound is where rounding the hits up to a multiple of 4 ends; four of these primes are
	// maxFactor at most.
	quadBound = maxFactor / 4
	// blockPad is what there is behind a block: see sieveQuads, sieveMiddle, sieveLarge.
	blockPad = maxFactor
)

// prepare makes the schedule for the primes low to high-1 and blocks of size bytes.
func (s *schedule) prepare(f *factorBase, low, high, size int) {
	s.low, s.middle = low, low
	s.quads, s.runs = s.quads[:0], s.runs[:0]
	for i, p := range f.prime[low:high] {
		i, hits := low+i, (size+int(p)-1)/int(p)
		if p < quadBound {
			s.quads = append(s.quads, uint16((hits+3)/4))
			s.middle++
			continue
		}
		next := run{i, i + 1, hits, 0}
		if p >= maxFactor {
			next.log = f.logp[i]
		}
		if last := len(s.runs) - 1; last >= 0 && s.runs[last].hits == hits && s.runs[last].log == next.log {
			s.runs[last].end++
		} else {
			s.runs = append(s.runs, next)
		}
	}
}

// sieve adds the logarithms to the block, behind which there are blockPad bytes more. The
// roots stay.
func (s *schedule) sieve(block []uint8, prime, root1, root2 []uint32, logp []uint8) {
	if !hasKernels() {
		s.sieveGo(block, prime, root1, root2, logp)
		return
	}
	_ = block[:len(block)+blockPad]
	if n, i := len(s.quads), s.low; n > 0 {
		sieveQuads(&block[0], &prime[i], &root1[i], &root2[i], &logp[i], &s.quads[0], n)
	}
	for _, r := range s.runs {
		sure := r.hits
		if r.log != 0 {
			sure--
		}
		if i := r.first; sure > 0 {
			sieveMiddle(&block[0], &prime[i], &root1[i], &root2[i], &logp[i], r.end-i, sure)
		}
		if r.log == 0 {
			continue
		}
		for i := r.first; i < r.end; i += largeAtOnce {
			n := min(r.end-i, largeAtOnce)
			sieveLarge(&block[0], len(block), &prime[i], &root1[i], &root2[i], n, sure, r.log, &s.found[0])
		}
	}
}
