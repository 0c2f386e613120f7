package siqs

// A schedule chooses the kernel for each prime of a block of one size. No kernel has a
// branch that depends on a root, as such branches cannot be predicted. Instead it adds
// the logarithm as often as any root below p may hit the block. Additions past the end
// of the block go to blockPad bytes that are never read.
//
// A root x < p hits a block of size bytes ceil((size-x)/p) times, that is hits or
// hits-1 times with hits = ceil(size/p). The last byte written is at x + p*(n-1) < p*n
// for n additions:
//
//	primes               n additions                     ends below
//	p < 2048             hits rounded up to 4m           size + 4p <= size + blockPad
//	2048 <= p < 8192     hits                            size + p  <= size + blockPad
//	8192 <= p            hits-1, and one if in range     size + 1
//
// The first row holds as 4m <= hits+3 and p*hits < size+p. All roots must be below p;
// those of the primes of A are set to 0 before, and their logarithm is 0.
type schedule struct {
	low    int      // index of the first prime to sieve
	middle int      // index of the first prime of the second row
	quads  []uint16 // m for the primes from low to middle-1
	runs   []run    // of the primes from middle on
	found  [foundRoom + 24]uint32
}

// foundRoom is the room for the last hits of largeAtOnce primes, which sieveLarge finds
// before it adds them. Kernels overwrite 16 words more, and read 8 more.
const (
	foundRoom   = largeAtOnce * 2
	largeAtOnce = 128
)

// A run is a range of primes with the same number of hits, for one call of a kernel.
// Primes of maxFactor or more also have the same logarithm, as none of them divides A.
type run struct {
	first, end int
	hits       int   // ceil(size/p)
	log        uint8 // of all primes; 0 for primes below maxFactor, each of which has its own
}

const (
	// quadBound ends the primes whose additions are rounded up to a multiple of 4: 4p
	// <= maxFactor.
	quadBound = maxFactor / 4
	// blockPad is the number of bytes behind a block that kernels may overwrite.
	blockPad = maxFactor
)

// prepare makes the schedule for the primes of indices low to high-1 and blocks of size
// bytes, size >= 64. quads fit in 16 bits, as hits <= blockSize/3.
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

// sieve adds the logarithms of all primes of the schedule to the block, behind which
// there are blockPad bytes. The roots are relative to the start of the block and are
// not changed.
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
