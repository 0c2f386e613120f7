//go:build amd64 && !purego

package siqs

// The kernels in AVX-512 take 16 primes or entries at a time. Each works like the
// function whose name ends in Lanes, and sieveLargeAVX512 like sieveLarge.

//go:noescape
func startAVX512(prime, root *uint32, inverse, step *[maxFactors]*uint32, gamma *[maxFactors]uint32, factors, count, half int, root1, root2 *uint32)

//go:noescape
func moveAVX512(prime, root1, root2, step *uint32, count, up int)

//go:noescape
func hitsAVX512(prime, root1, root2, step *uint32, count, up, trips, interval int, found *uint32) int

//go:noescape
func hitsAheadAVX512(prime, root1, root2, step0, step1, step2 *uint32, count, up, interval int, found *uint32, hits *int)

//go:noescape
func scatterAVX512(found *uint32, hits int, count *uint32, blocks int, entries *uint32, stride, id int)

//go:noescape
func matchAVX512(prime, root1, root2, inverse, most *uint32, count, position, first int, out *uint32) int

//go:noescape
func findAVX512(entries *uint32, count, offset int, out *uint32) int

//go:noescape
func topAVX512(block *uint8, from, size int) int

//go:noescape
func sieveLargeAVX512(block *uint8, size int, prime, root1, root2 *uint32, count, skip int, log uint8, found *uint32)
