//go:build amd64 && !purego

package siqs

// The kernels in AVX2 take 8 primes or entries at a time. Each works like the function
// whose name ends in Lanes, and sieveLargeAVX2 like sieveLarge. AVX2 has no instruction
// that stores selected lanes side by side: a permutation from the table compress takes
// its place.

//go:noescape
func startAVX2(prime, root *uint32, inverse, step *[maxFactors]*uint32, gamma *[maxFactors]uint32, factors, count, half int, root1, root2 *uint32)

//go:noescape
func moveAVX2(prime, root1, root2, step *uint32, count, up int)

//go:noescape
func hitsAVX2(prime, root1, root2, step *uint32, count, up, trips, sure, interval int, found *uint32) int

//go:noescape
func hitsAheadAVX2(prime, root1, root2, step0, step1, step2 *uint32, count, up, interval int, found *uint32, hits *int)

//go:noescape
func scatterAVX2(found *uint32, hits int, count *uint32, blocks int, entries *uint32, stride, id int)

//go:noescape
func matchAVX2(prime, root1, root2, inverse, most *uint32, count, position, first int, out *uint32) int

//go:noescape
func findAVX2(entries *uint32, count, offset int, out *uint32) int

//go:noescape
func topAVX2(block *uint8, from, size int) int

//go:noescape
func sieveLargeAVX2(block *uint8, size int, prime, root1, root2 *uint32, count, skip int, log uint8, found *uint32)

// compress[m] has the numbers of the bits that are set in m, lowest first, a byte each,
// then zeros. It is the permutation that brings the lanes in m to the front. The
// kernels read it; nothing changes it after init.
var compress [256]uint64

func init() {
	for m := range compress {
		at := 0
		for lane := range 8 {
			if m>>lane&1 == 1 {
				compress[m] |= uint64(lane) << at
				at += 8
			}
		}
	}
}
