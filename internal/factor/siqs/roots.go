package siqs

// fillInverses fills the table of inverses of the primes of the pools, and lifted.
func (s *Sieve) fillInverses(alive func() error) error {
	count := s.pools.size()
	for len(s.inverses) < count {
		s.inverses = append(s.inverses, nil)
	}
	for slot := range count {
		s.inverses[slot] = resize(s.inverses[slot], len(s.base.prime))
	}
	s.prefix = resize(s.prefix, count+1)
	s.lifted = resize(s.lifted, len(s.base.prime))
	lift := uint64(1)
	if s.base.shift() == 1 {
		lift = 1 << (s.pools.s - 1)
	}
	for i := 2; i < len(s.base.prime); i++ {
		s.fillInverse(i)
		s.lifted[i] = uint32(reduce(uint64(s.base.root[i])*lift, uint64(s.base.prime[i]), s.base.recip[i]))
		if i%aliveEvery == 0 {
			if err := alive(); err != nil {
				return err
			}
		}
	}
	return nil
}

// fillInverse fills the table for prime[i], with one inversion for all (P.
// Montgomery). The prime itself, if it is in the pools, counts as 1. With shift all
// primes of the pools are doubled.
func (s *Sieve) fillInverse(i int) {
	p, recip := uint64(s.base.prime[i]), s.base.recip[i]
	shift := s.base.shift()
	prefix := s.prefix // prefix[j] is the product of the first j primes, or of their doubles
	prefix[0] = 1
	for slot := range s.pools.size() {
		q := reduce(uint64(s.base.prime[s.pools.index(slot)])<<shift, p, recip)
		q += uint64(b2i(q == 0))
		s.inverses[slot][i] = uint32(q)
		prefix[slot+1] = uint32(reduce(uint64(prefix[slot])*q, p, recip))
	}
	// Before and after each iteration inv is the inverse of prefix[slot+1].
	inv := uint64(inverse(prefix[s.pools.size()], uint32(p)))
	for slot := s.pools.size() - 1; slot >= 0; slot-- {
		at := &s.inverses[slot][i]
		q := uint64(*at)
		*at = uint32(reduce(inv*uint64(prefix[slot]), p, recip))
		inv = reduce(inv*q, p, recip)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// resize returns a slice of n elements, s if it has the room. The elements are
// undefined.
func resize[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n, n+n/4)
	}
	return s[:n]
}

// startCoefficient sets the roots and the steps for polynomial number 0 of the coefficient.
//
// The roots are x = (+-root - B)/D, and since terms[j]/A = gamma[j]/q[j], all
// that is needed of A modulo a prime are the inverses of its s primes. For D = 2A their halves serve as
// well: terms[j]/D is gamma[j] times such a half, and root/D is 2^(s-1)*root times all of them.
func (s *Sieve) startCoefficient() {
	s.Stats.Coefficients++
	s.poly.set(&s.base)
	var inverses [maxFactors][]uint32
	for j, at := range s.poly.factors {
		inverses[j] = s.inverses[s.pools.slot[at]]
		if j == len(s.step) {
			s.step = append(s.step, nil)
		}
		s.step[j] = resize(s.step[j], len(s.base.prime))
	}
	if hasKernels() {
		s.startRoots(&inverses)
	} else {
		for i := 2; i < len(s.base.prime); i++ {
			s.startPrime(i, &inverses)
		}
	}
	for _, i := range s.poly.factors {
		s.root1[i], s.root2[i] = noRoot, noRoot
		for j := range s.poly.factors {
			s.step[j][i] = 0
		}
	}
	s.buckets.pair(s.base.prime, s.root1, s.root2)
	s.fill()
}

// fill fills the buckets, if there are any, for the polynomial that is set and those after
// it. Requires poly.number = 0 mod ahead. The roots of the large primes are those of the polynomial
// before, and become those of the last one.
func (s *Sieve) fill() {
	if len(s.buckets.groups) == 0 {
		return
	}
	var switches [polysPerFill]polySwitch
	switches[0].step = s.buckets.zeroStep
	for k := range switches {
		if number := s.poly.number + uint32(k); number > 0 {
			j, minus := change(number)
			switches[k] = polySwitch{s.step[j], minus}
		}
	}
	s.buckets.fill(s.base.prime, s.root1, s.root2, &switches)
}

// startRoots is startPrime for all primes.
func (s *Sieve) startRoots(inverses *[maxFactors][]uint32) {
	var inverse, step [maxFactors]*uint32
	for j := range s.poly.factors {
		inverse[j], step[j] = &inverses[j][2], &s.step[j][2]
	}
	startLanes(&s.base.prime[2], &s.lifted[2], &inverse, &step, &s.poly.gamma, len(s.poly.factors), len(s.base.prime)-2, int(s.half), &s.root1[2], &s.root2[2])
}

// startPrime sets the roots and the steps of prime[i].
func (s *Sieve) startPrime(i int, inverses *[maxFactors][]uint32) {
	p, recip := uint64(s.base.prime[i]), s.base.recip[i]
	root := uint64(s.lifted[i]) // becomes root/D
	b := uint64(0)              // becomes B/D
	for j := range s.poly.factors {
		inv := uint64(inverses[j][i])
		root = reduce(root*inv, p, recip)
		t := reduce(inv*uint64(s.poly.gamma[j]), p, recip)
		b += t
		t += t
		s.step[j][i] = uint32(min(t, t-p))
	}
	start := uint64(s.half) + uint64(maxFactors)*p - b
	s.root1[i] = uint32(reduce(start+root, p, recip))
	s.root2[i] = uint32(reduce(start+p-root, p, recip))
}

// nextPoly goes to the next polynomial of the coefficient.
func (s *Sieve) nextPoly() {
	j, minus := s.poly.next()
	end := s.buckets.first
	prime, root1, root2, step := s.base.prime[2:end], s.root1[2:end], s.root2[2:end], s.step[j][2:end]
	move(prime, root1, root2, step, minus)
	if s.poly.number%polysPerFill == 0 {
		s.fill()
	}
}

// move adds step[i] to both roots modulo prime[i] if up is true, else subtracts it.
func move(prime, root1, root2, step []uint32, up bool) {
	switch {
	case len(prime) == 0:
	case hasKernels():
		moveLanes(&prime[0], &root1[0], &root2[0], &step[0], len(prime), b2i(up))
	case up:
		moveUp(prime, root1, root2, step)
	default:
		moveDown(prime, root1, root2, step)
	}
}

// moveDown subtracts step[i] from both roots modulo prime[i].
func moveDown(prime, root1, root2, step []uint32) {
	root1, root2, step = root1[:len(prime)], root2[:len(prime)], step[:len(prime)]
	for i, p := range prime {
		d := step[i]
		x, y := root1[i]-d, root2[i]-d
		root1[i], root2[i] = min(x, x+p), min(y, y+p)
	}
}

// moveUp adds step[i] to both roots modulo prime[i].
func moveUp(prime, root1, root2, step []uint32) {
	root1, root2, step = root1[:len(prime)], root2[:len(prime)], step[:len(prime)]
	for i, p := range prime {
		d := step[i]
		x, y := root1[i]+d, root2[i]+d
		root1[i], root2[i] = min(x, x-p), min(y, y-p)
	}
}
