package prime

import "math"

// Sqrt returns floor(sqrt(n)).
func Sqrt(n uint64) uint64 {
	// The root of a float64 is off by at most a few units here. r is below 2^32, so
	// that r*r fits in a word.
	r := min(uint64(math.Sqrt(float64(n))), 1<<32-1)
	for r*r > n {
		r--
	}
	for r < 1<<32-1 && (r+1)*(r+1) <= n {
		r++
	}
	return r
}
