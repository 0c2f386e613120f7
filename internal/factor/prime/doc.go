// Package prime has the small primes, divides by them, and tells primes from
// composites: with proof below 2^64, by the Baillie-PSW test above. It gives no
// certificates.
//
// # The Baillie-PSW test
//
// An odd n > 37 without small prime factors passes if it passes both
//
//   - the strong test to base 2: with n-1 = d*2^s, d odd, 2^d = 1 or 2^(d*2^i) = -1 mod
//     n for an i < s;
//   - the extra strong Lucas test: with the smallest P >= 3 for which D = P^2-4 has
//     (D/n) = -1, and n+1 = k*2^r, k odd, U(k) = 0 and V(k) = +-2, or V(k*2^i) = 0 mod
//     n for an i < r-1.
//
// U and V are the Lucas sequences for P and Q = 1:
//
//	V(0) = 2, V(1) = P, V(j+1) = P*V(j) - V(j-1), and the same for U(0) = 0, U(1) = 1
//	V(2j) = V(j)^2 - 2,  V(2j+1) = V(j)*V(j+1) - P
//	D*U(j) = 2*V(j+1) - P*V(j)
//
// The second line takes V(k) and V(k+1) from the highest bit of k down with two
// products a bit. The third one gives U(k) without a sequence of its own.
//
// All primes n > 37 pass. No composite is known to pass, and none below 2^64 does: J.
// Feitsma's list of all pseudoprimes to base 2 below 2^64 (2009, verified by W. Galway)
// has been run through the Lucas test.
//
// # Files
//
//	small primes, divisors of words             table
//	primes in ascending order, any range        iter
//	division of big numbers by small primes     divide
//	the test of a word                          word, lazy
//	the test of a big number                    big
//	the parameter P, tests for squares          lucas
//	the tests of many numbers at once           batch, pipe
//	integer square root                         root
//
// # Sources
//
//   - R. Baillie, S. Wagstaff, Lucas pseudoprimes, Math. Comp. 35 (1980).
//   - J. Grantham, Frobenius pseudoprimes, Math. Comp. 70 (2001): the extra strong
//     test.
//   - R. Baillie, A. Fiori, S. Wagstaff, Strengthening the Baillie-PSW primality test,
//     Math. Comp. 90 (2021): what is known.
//   - R. Crandall, C. Pomerance, Prime Numbers (2005), 3.6: the formulas for V.
package prime
