// Package siqs factors integers by the self-initialising quadratic sieve. It splits
// numbers of MinBits to MaxBits bits in a time that does not depend on the size of
// their factors.
//
// Find prime factors below 2^16 and roots of perfect powers before: the sieve spends
// its full time on a number with a small factor, and it cannot split a power of a
// prime. The result is one divisor d, 1 < d < N, not the primes of N.
//
// # The idea
//
// For a small k, X^2-kN with X near sqrt(kN) is small enough to be often smooth: a
// product of primes of a fixed set, the factor base. Such an equation is a relation. A
// product of relations in which all exponents are even is a congruence
//
//	X^2 = Y^2 mod N,  so that gcd(X-Y, N) divides N.
//
// If N has r >= 2 different primes, this divisor is proper with a probability of
// 1-2^(1-r) >= 1/2. To find such products is linear algebra modulo 2: package gf2.
//
// # Notation
//
// Comments, fields and tests use these letters.
//
//	N      the number: odd, not a square, below 2^370
//	k      the multiplier: square-free, at most 73; kN < 2^377
//	p      a prime of the factor base; kN is a square modulo p; p < 2^24
//	r(p)   a square root of kN modulo p
//	F      the number of entries of the factor base, at most 2^18
//	q(j)   a prime of A, 0 <= j < s; q(j) < 2^13
//	s      the number of primes of A, 2 to 16
//	A      the coefficient, the product of the q(j)
//	D      A or 2A, see factorBase.shift
//	B      a square root of kN modulo A; one for each polynomial
//	T(j)   the terms of B: B is the sum of +-T(j)
//	g(j)   gamma: T(j) = g(j)*A/q(j)
//	M      half of the sieve interval, at most 2^19
//	x      -M <= x < M; its position in the interval is x+M
//	X      Dx+B, below 2^190 in absolute value
//	Q(x)   (X^2-kN)/A, the value that is sieved
//	C      (B^2-kN)/A
//	P      the largest prime of the base
//	L      the bound of large primes, Params.Large; P < L < P^2
//
// # The steps and their files
//
//	step                                      files
//	choose k, F, L, M and the thresholds      params, tuning, thresholds, multiplier
//	find the primes with (kN/p) = 1           factorbase, modular
//	choose A                                  coefficient
//	make the 2^(s-1) polynomials of A         poly
//	find where p divides Q(x)                 roots
//	add up log2(p) at these positions         sieve, schedule, schedule_go
//	the same for primes above 2^15            bucket, bucketfill, buckethits, bucketread
//	divide Q(x) where the sum is large        trialdivide
//	split products of two large primes        cofactor
//	a range of coefficients to relations      collect
//	check and send relations                  relation, verify, codec, yield, yieldset
//	send parameters                           paramscodec
//	count cycles                              set, cycle
//	one matrix row for each cycle             forest, sqrt
//	X and Y from a dependency, the divisor    sqrt, product, residue
//	withheld relations                        audit
//	one number on several cores               siqs, crew, shared
//	one number on several machines            keep, and what sends relations
//	bytes that all this takes                 memory
//	integers of 256 and 384 bits              wide
//	inner loops in assembly                   kernels*
//
// # Polynomials
//
// With X = Dx+B and B^2 = kN mod A, A divides X^2-kN:
//
//	Q(x) = (X^2-kN)/A = (D/A)x(Dx+2B) + C
//	     = Ax^2 + 2Bx + C    for D = A
//	     = 4Ax^2 + 4Bx + C   for D = 2A
//
// The values are smallest if they are of one size at the ends and in the middle. There
// they are (DM)^2/A - kN/A and -kN/A, hence
//
//	D = sqrt(2kN)/M,  |Q(x)| <= (D/A)*M*sqrt(kN/2).
//
// An A whose ratio to the best one is t makes the bound max(1/t, 2t-1/t) times as
// large. Params.Tolerance keeps t below 1.3, so that |Q(x)| is less than twice the
// bound. TestBounds checks this.
//
// D = 2A if kN = 1 mod 8. Then B is odd, so X is odd for all x, and 8 divides X^2-kN.
// The exponent of 2 in X^2-kN is 4 on average: 2^e divides it for all odd X if e <= 3,
// and for a share of 2^(3-e) of them if e > 3. The even X, whose values are odd, are
// left out. For kN = 5 mod 8 the exponent is 2 for odd X, for other kN it is 1 for one
// parity of X, and 0 for the other parity. To leave the other parity out would gain at
// most one bit on average, which is what a doubled D costs.
//
// # Self-initialisation
//
// T(j) is a square root of kN modulo q(j) and 0 modulo the other primes of A. So each
// choice of signs gives B^2 = kN mod A. The 2^(s-1) choices that differ by more than
// the sign of B are visited in the order of the Gray code: polynomial n differs from
// n-1 in the sign of one T(j), 2^j being the largest power of 2 in n. If B becomes
// B-2T(j), the roots move up,
//
//	x = (+-r(p) - B)/D mod p  becomes  x + 2T(j)/D mod p,
//
// one addition for each root. The steps 2T(j)/D mod p are made once for each A.
//
// # Sieve and thresholds
//
// p divides Q(x) exactly for x = (+-r(p)-B)/D mod p, if p does not divide A. The sieve
// adds log2(p), rounded, to a byte for each of these positions. The rounding error of
// one prime is at most 1/2. Errors of w primes have a standard deviation of about
// sqrt(w/12): one bit for a dozen primes.
//
//	size      = log2((D/A)*M*sqrt(kN/2))        of a value
//	rest      = log2(L) or log2(Params.Double)  of the large primes that are accepted
//	Smooth    = size - rest - 1                 what the primes of the base must reach
//	Candidate = Smooth - slack                  what the sieved primes must reach
//
// The smallest primes, below entry Params.Small, are not sieved: they would take most
// of the time and tell least. The slack makes up for them. A candidate is divided by
// them first, and the sum is compared with Smooth before all other primes follow.
//
// # Large primes
//
// The cofactor is what remains of a value after division by the primes of the base. All
// of its prime factors are above P, and a cofactor below P^2 is 1 or a prime. The cases
// are
//
//	cofactor = 1               full relation
//	P < cofactor < L           a prime: partial relation
//	L <= cofactor < P^2        a prime that is too large: discarded
//	P^2 < cofactor < Double    discarded if it passes Fermat's test, else split by
//	                           package ecm; kept if both factors are above P and below L
//	Double <= cofactor         discarded
//
// Double < P^3, so that a cofactor which is split has two prime factors. Double is
// L^1.75 to L^1.8 and not L^2: larger cofactors seldom split into two primes below L,
// and large primes near L seldom occur twice. Two large primes are used from 226 bits
// on.
//
// # Cycles
//
// A relation is an edge between its two large primes; 1 stands for a missing one. In
// the product of the relations of a cycle each large prime is squared. The number of
// independent cycles of the graph is
//
//	edges + components - vertices.
//
// The graph counts it without a search: an edge whose ends are already connected adds
// one cycle. There are enough cycles when they outnumber the entries of the base that
// occur in them. Relations outside of cycles stay in the set, but never reach the
// matrix. So a filter for large primes that occur once is not needed.
//
// # Linear algebra and square root
//
// Each cycle is a row of a matrix modulo 2, each entry of the base a column. A row has
// a 1 where the exponent in the product of the relations of the cycle is odd. Package
// gf2 finds sets of rows that add up to zero: the relations of all their cycles,
// without those that occur an even number of times, have a product with even exponents
// only.
//
//	X = product of the X of these relations mod N
//	Y = product of each prime to half of its exponent mod N
//
// X^2 = Y^2 mod N, as X^2-kN = X^2 mod N for each relation.
//
// # An example
//
// N = 1138021, k = 1, M = 20. As N = 5 mod 8, D = A. The factor base is
//
//	-1, 2, 3, 5, 11, 13, 19, 23
//
// The best A is sqrt(2N)/M = 75; A = 5*13 = 65 is near. T(0) = 13*2 = 26 and T(1) = 5*5
// = 25: 26^2 = N mod 5 and 25^2 = N mod 13. This gives two polynomials,
//
//	B = 51:  Q(x) = 65x^2 + 102x - 17468
//	B = -1:  Q(x) = 65x^2 - 2x - 17508
//
// With B = 51 and r(11) = 4, 11 divides Q(x) for x = (+-4-51)/65 = 0, 3 mod 11. From
// the first to the second polynomial B falls by 2T(0) = 52, and the roots move up by
// 52/65 = 3 mod 11 to 3, 6. Two values of the second polynomial are smooth:
//
//	x = -16  X = -1041  X^2-N = 65*(-836)   = 65 * (-1)*2^2*11*19
//	x = 3    X = 194    X^2-N = 65*(-16929) = 65 * (-1)*3^4*11*19
//
// The product of both is a square: X = -1041*194, Y = 65*2*9*11*19 = 244530. So X^2 =
// Y^2 mod N, and gcd(X-Y, N) = 1283 is a divisor. TestExample computes this.
//
// # Determinism
//
// Params alone determine the relations of a coefficient number and their order, at each
// level of kernels. Workers that have the same Params need only ranges of coefficient
// numbers. Different numbers give different A, so that no two workers sieve the same
// polynomial. Two different A may still give the same X; Set drops such duplicates.
// Revision is part of the bytes of Params: programs that would find other relations do
// not accept them.
//
// # Sources
//
//   - C. Pomerance, The quadratic sieve factoring algorithm (1985).
//   - R. Silverman, The multiple polynomial quadratic sieve, Math. Comp. 48 (1987):
//     many polynomials, and the size of A that keeps their values small.
//   - W. Alford, C. Pomerance, Implementing the self-initializing quadratic sieve on a
//     distributed network (1995): many B for one A.
//   - S. Contini, Factoring integers with the self-initializing quadratic sieve (1997):
//     the Gray code and the steps of the roots.
//   - A. Lenstra, M. Manasse, Factoring with two large primes, Math. Comp. 63 (1994):
//     cycles.
//   - D. Knuth, The Art of Computer Programming 2, 4.5.4: the multiplier, after R.
//     Schroeppel.
//   - K. Aoki, H. Ueda, Sieving using bucket sort (2004): primes above the size of a
//     block.
//
// Not implemented: powers of primes in the sieve, three large primes, and the sieve
// over many polynomials at once of T. Kleinjung, Quadratic sieving, Math. Comp. 85
// (2016).
package siqs
