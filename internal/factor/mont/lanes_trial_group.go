package mont

// A trialGroup is eight primes for the lanes. The kernels know this layout.
//
// A number is cut into its low 31 bits, k signed digits of 16 bits, and its top bit:
//
//	n = n0 + sum (di + 2^15)*2^(15+16i) + top*2^(31+16k),  i = 1..k,  -2^15 <= di < 2^15,
//
// with k = 2 for a number of one word and k = 6 for a number of two. With ci = 2^(15+16i) mod p,
// |ci| < p/2,
//
//	t = n0 + sum di*ci + b = n mod p,  b = sum 2^15*ci + top*2^(31+16k) mod p.
//
// VPMADDWD returns di*ci + dj*cj. As p < 2^13, |ci| < 2^12 and |sum di*ci| < 6*2^15*2^12 = B, so that with
// b in [B, B+p)
//
//	0 < t < 2^31 + 2B + p < 2^31 + 3*2^29 + 2^13 < 2^32.
//
// Hence p divides n exactly if t*inv mod 2^32, inv = p^-1 mod 2^32, is at most max = floor((2^32-1)/p):
// multiplication by inv permutes the words of 32 bits and takes the multiples p*q to q. VPCMPGTD compares
// signed words. Therefore b has 2^31 more: as inv is odd, (t + 2^31)*inv = t*inv + 2^31 mod 2^32, which
// as a signed word is below end = max+1 - 2^31 exactly if t*inv mod 2^32 <= max.
type trialGroup struct {
	inv [8]uint32
	end [8]uint32
	c12 [8]uint32    // c1 + c2*2^16, each ci in two's complement of 16 bits
	b2  [2][8]uint32 // b + 2^31 of k = 2, for top = 0 and top = 1
	c36 [2][8]uint32 // c3 + c4*2^16, c5 + c6*2^16
	b6  [2][8]uint32 // b + 2^31 of k = 6
}

const (
	// maxTrialPrime bounds the primes of a Trial, for t.
	maxTrialPrime = 1 << 13
	// trialBound is B.
	trialBound = 6 << 27
)

// makeTrialGroups returns groups with the primes. Lanes without a prime have inv = 0 and the least end:
// 0 is not below it.
func makeTrialGroups(primes []uint32, groups int) []trialGroup {
	gs := make([]trialGroup, groups)
	for i := range 8 * groups {
		if i < len(primes) {
			gs[i/8].set(i%8, primes[i])
		} else {
			gs[i/8].end[i%8] = 1 << 31
		}
	}
	return gs
}

// set gives lane j the prime p.
func (g *trialGroup) set(j int, p uint32) {
	g.inv[j] = uint32(Inverse(uint64(p)))
	g.end[j] = ^uint32(0)/p + 1 - 1<<31
	q := int64(p)
	sum := int64(0) // of 2^15*ci
	power := int64(1<<31) % q
	for i := range 6 {
		c := power
		if c > q/2 {
			c -= q
		}
		*g.pair(i/2, j) |= uint32(uint16(c)) << (i % 2 * 16)
		sum += c << 15
		power = power << 16 % q
		switch i {
		case 1:
			g.b2[0][j], g.b2[1][j] = trialBias(sum, q), trialBias(sum+power, q)
		case 5:
			g.b6[0][j], g.b6[1][j] = trialBias(sum, q), trialBias(sum+power, q)
		}
	}
}

// pair returns the pair c1 and c2, c3 and c4 or c5 and c6 of lane j.
func (g *trialGroup) pair(i, j int) *uint32 {
	if i == 0 {
		return &g.c12[j]
	}
	return &g.c36[i-1][j]
}

// trialBias returns b + 2^31 for the b = a mod p in [B, B+p).
func trialBias(a, p int64) uint32 {
	r := (a - trialBound) % p
	if r < 0 {
		r += p
	}
	return uint32(trialBound + r + 1<<31)
}
