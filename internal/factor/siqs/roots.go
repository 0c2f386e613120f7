package siqs

// Roots of the polynomials modulo the primes of the base.
//
// Modulo a prime p that does not divide A the zeros of Q are x = (+-r(p) - B)/D. As B
// is the sum of the terms T(j) = A*g(j)/q(j), only the inverses of the primes of A are
// needed:
//
//	T(j)/D = g(j) * 1/q(j)           for D = A
//	       = g(j) * 1/(2q(j))        for D = 2A
//	r(p)/D = r(p) * product of 1/q(j)
//	       = r(p)*2^(s-1) * product of 1/(2q(j))
//
// inverses has 1/q or 1/(2q) modulo p for each q of the pools, and lifted has r(p) or
// r(p)*2^(s-1). Both are made once for a number. A new A then costs 2s products for
// each prime (startPrime), a new B one addition for each root (move).

// fillInverses fills lifted, and inverses of these slots of the pools, for all entries
// of the base but the sign and 2. A coefficient can be sieved if the slots of its primes
// are among them.
func (s *Sieve) fillInverses(alive func() error, slots []int) error {
	for len(s.inverses) < s.pools.size() {
		s.inverses = append(s.inverses, nil)
	}
	for _, slot := range slots {
		s.inverses[slot] = resize(s.inverses[slot], len(s.base.prime))
	}
	s.prefix = resize(s.prefix, len(slots)+1)
	s.lifted = resize(s.lifted, len(s.base.prime))
	lift := uint64(1)
	if s.base.shift() == 1 {
		lift = 1 << (s.pools.s - 1)
	}
	for i := 2; i < len(s.base.prime); i++ {
		s.fillInverse(i, slots)
		s.lifted[i] = uint32(reduce(uint64(s.base.root[i])*lift, uint64(s.base.prime[i]), s.base.recip[i]))
		if i%aliveEvery == 0 {
			if err := alive(); err != nil {
				return err
			}
		}
	}
	return nil
}

// fillInverse fills inverses of the slots for prime[i], with one inversion and three
// products for each slot, by the simultaneous inversion of P. Montgomery (1987). With
// shift all members of the pools are doubled. If prime[i] is itself a member, it counts
// as 1, as it has no inverse; startCoefficient does not use that value.
func (s *Sieve) fillInverse(i int, slots []int) {
	p, recip := uint64(s.base.prime[i]), s.base.recip[i]
	shift := s.base.shift()
	prefix := s.prefix // prefix[j] is the product of the first j primes, or of their doubles
	prefix[0] = 1
	for j, slot := range slots {
		q := reduce(uint64(s.base.prime[s.pools.index(slot)])<<shift, p, recip)
		q += uint64(b2i(q == 0))
		s.inverses[slot][i] = uint32(q)
		prefix[j+1] = uint32(reduce(uint64(prefix[j])*q, p, recip))
	}
	// Before and after each iteration inv is the inverse of prefix[j+1].
	inv := uint64(inverse(prefix[len(slots)], uint32(p)))
	for j := len(slots) - 1; j >= 0; j-- {
		at := &s.inverses[slots[j]][i]
		q := uint64(*at)
		*at = uint32(reduce(inv*uint64(prefix[j]), p, recip))
		inv = reduce(inv*q, p, recip)
	}
}

// b2i returns 1 for true, 0 for false.
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

// startCoefficient sets the roots and the steps for polynomial number 0 of the
// coefficient whose primes are in poly.factors, and fills the buckets.
//
// The primes of A get noRoot and steps of 0: they are not sieved, although each has one
// root.
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

// fill fills the buckets, if there are any, for the current polynomial and the
// polysPerFill-1 after it. Requires poly.number = 0 mod polysPerFill.
//
// On entry the roots of the large primes are those of the polynomial before the current
// one. Those of polynomial 0 are its own, so that its switch has steps of zero. On
// return the roots are those of the last polynomial filled. Since polysPerFill divides
// 2^(s-1) for s >= 3, all of these polynomials exist; for s = 2 the last two are
// filled, but not sieved.
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

// startPrime sets the roots and the steps of prime[i] for polynomial 0, whose signs are
// all plus:
//
//	root1, root2 = M - B/D +- r(p)/D,  step[j] = 2T(j)/D mod p.
//
// M makes positions of x. B/D is below s*p, so that the sum with maxFactors*p is not
// negative. Sums stay below 18*2^24 + 2^19, in words of 64 bits.
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

// nextPoly goes to the next polynomial of the coefficient. It moves the roots of the
// primes below the buckets, and refills the buckets each time that their polynomials
// are used up.
//
// If the sign of T(j) becomes minus, B becomes B-2T(j), and the roots (+-r(p)-B)/D move
// up by step[j].
func (s *Sieve) nextPoly() {
	j, minus := s.poly.next()
	end := s.buckets.first
	prime, root1, root2, step := s.base.prime[2:end], s.root1[2:end], s.root2[2:end], s.step[j][2:end]
	move(prime, root1, root2, step, minus)
	if s.poly.number%polysPerFill == 0 {
		s.fill()
	}
}

// move adds step[i] to both roots modulo prime[i] if up is true, else subtracts it. A
// root below p stays below p. noRoot with step 0 falls by p with each call if up is
// true, else it stays.
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
//
// The minimum replaces a branch. With root, d < p < 2^31 the difference x = root-d
// modulo 2^32 is below p if it is not negative, and then x+p > x. Otherwise x >=
// 2^32-p, and x+p wraps round to the right value below p.
func moveDown(prime, root1, root2, step []uint32) {
	root1, root2, step = root1[:len(prime)], root2[:len(prime)], step[:len(prime)]
	for i, p := range prime {
		d := step[i]
		x, y := root1[i]-d, root2[i]-d
		root1[i], root2[i] = min(x, x+p), min(y, y+p)
	}
}

// moveUp adds step[i] to both roots modulo prime[i]: x = root+d < 2p < 2^32, and x-p
// wraps round to a larger number exactly if x < p.
func moveUp(prime, root1, root2, step []uint32) {
	root1, root2, step = root1[:len(prime)], root2[:len(prime)], step[:len(prime)]
	for i, p := range prime {
		d := step[i]
		x, y := root1[i]+d, root2[i]+d
		root1[i], root2[i] = min(x, x-p), min(y, y-p)
	}
}
