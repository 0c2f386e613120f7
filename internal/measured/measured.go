// Package measured holds how long the engine takes, as tables: the engine needs them to choose
// between its methods, and the cost model to cut chunks, so that the two cannot disagree.
//
// All times are those of one core of a Sapphire Rapids with lanes (AVX-512 IFMA). Without lanes a
// random number takes three to four times as long from 56 to 128 bits, and the sieve in plain Go
// WithoutKernels times. Between two rows the logarithm of the time is linear in the bits.
package measured

import (
	"math"
	"time"
)

// A row is the time for numbers of one size.
type row struct {
	bits int
	time time.Duration
}

// SieveBits is the size of the largest numbers that are sieved, 100 digits.
const SieveBits = 333

// WithoutKernels is how many times as long the sieve takes in plain Go: 2.1 times at 60 digits, 3.1 at
// 70, 5 at 90.
const WithoutKernels = 3

// sieve has the times of the quadratic sieve for semiprimes: from 198 bits on medians of three numbers
// ("just hard 60,70,80"), at 297 bits the mean of two, at 314 bits one. The last row is predicted from
// the others.
var sieve = []row{
	{64, 170 * time.Microsecond},
	{80, 310 * time.Microsecond},
	{96, 780 * time.Microsecond},
	{112, 2100 * time.Microsecond},
	{128, 6 * time.Millisecond},
	{150, 26 * time.Millisecond},
	{165, 80 * time.Millisecond},
	{180, 210 * time.Millisecond},
	{198, 540 * time.Millisecond},
	{231, 4800 * time.Millisecond},
	{248, 11800 * time.Millisecond},
	{264, 29 * time.Second},
	{281, 82 * time.Second},
	{297, 200 * time.Second},
	{314, 11*time.Minute + 30*time.Second},
	{SieveBits, 33 * time.Minute},
}

// random has the expected times to factor a random number completely, in a chunk of many:
// decoding, factoring and encoding. To 128 bits by "consumer bench random16 ...", the best of six
// runs; above, where numbers are done one by one, the mean of 400 numbers of 129 bits to 40 of 224,
// as a curve through them since the tail is heavy. Larger ones: see Random.
var random = []row{
	{24, 600 * time.Nanosecond},
	{32, 700 * time.Nanosecond},
	{40, 850 * time.Nanosecond},
	{48, 1100 * time.Nanosecond},
	{56, 1700 * time.Nanosecond},
	{64, 2900 * time.Nanosecond},
	{65, 9 * time.Microsecond},
	{72, 15 * time.Microsecond},
	{80, 27 * time.Microsecond},
	{96, 66 * time.Microsecond},
	{112, 200 * time.Microsecond},
	{128, 600 * time.Microsecond},
	{129, 1200 * time.Microsecond},
	{144, 2800 * time.Microsecond},
	{160, 7 * time.Millisecond},
	{176, 17 * time.Millisecond},
	{192, 43 * time.Millisecond},
	{208, 100 * time.Millisecond},
	{randomBits, 270 * time.Millisecond},
}

// randomBits is where random ends.
const randomBits = 224

// Sieve returns the expected time of the sieve for a semiprime of so many bits, at most SieveBits.
func Sieve(bits int) time.Duration { return between(sieve, bits) }

// Random returns the expected time for a random number of so many bits. Above the table it grows
// as that of the sieve does, which the largest part of it is. Beyond SieveBits it is the budget,
// which most numbers there use up; Flat says where that ends to grow.
func Random(bits int) time.Duration {
	if bits <= randomBits {
		return between(random, bits)
	}
	scale := float64(between(random, randomBits)) / float64(Sieve(randomBits))
	sieved := time.Duration(scale * float64(Sieve(bits)))
	if bits <= SieveBits {
		return sieved
	}
	return max(sieved, Budget(bits))
}

// Flat is a size from which on Random is the same for all.
const Flat = int(mostBudget/budgetOfBit) + 1

// The bounds of Budget.
const (
	leastBudget = 30 * time.Second
	mostBudget  = 10 * time.Minute       // for a number that is not sieved
	budgetOfBit = 140 * time.Millisecond // of such a number
)

// Budget returns the time that one number is given if nobody says: up to SieveBits enough to
// finish it, on a slower machine too; above, where most are left unfinished, about three times what
// finds most factors of 30 digits.
func Budget(bits int) time.Duration {
	if bits <= SieveBits {
		return max(leastBudget, 10*Sieve(bits))
	}
	return min(max(leastBudget, time.Duration(bits)*budgetOfBit), mostBudget)
}

// between interpolates; beyond the ends of the table it is flat.
func between(table []row, bits int) time.Duration {
	if first := table[0]; bits <= first.bits {
		return first.time
	}
	if last := table[len(table)-1]; bits >= last.bits {
		return last.time
	}
	i := 1
	for table[i].bits < bits {
		i++
	}
	low, high := &table[i-1], &table[i]
	if bits == high.bits { // exactly
		return high.time
	}
	slope := math.Log(float64(high.time)/float64(low.time)) / float64(high.bits-low.bits)
	return time.Duration(float64(low.time) * math.Exp(slope*float64(bits-low.bits)))
}
