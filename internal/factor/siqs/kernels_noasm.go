//go:build !amd64 || purego

package siqs

// The functions below exist so that the callers compile. hasKernels is false in this
// build, so that none is called.

const noLanes = "siqs: internal error: this build has no kernels"

func startLanes(prime, root *uint32, inverse, step *[maxFactors]*uint32, gamma *[maxFactors]uint32, factors, count, half int, root1, root2 *uint32) {
	panic(noLanes)
}

func moveLanes(prime, root1, root2, step *uint32, count, up int) { panic(noLanes) }

func hitsLanes(prime, root1, root2, step *uint32, count, up, trips, sure, interval int, found *uint32) int {
	panic(noLanes)
}

func hitsAheadLanes(prime, root1, root2, step0, step1, step2 *uint32, count, up, interval int, found *uint32, hits *int) {
	panic(noLanes)
}

func scatterLanes(found *uint32, hits int, count *uint32, blocks int, entries *uint32, stride, id int) {
	panic(noLanes)
}

func addLanes(block *uint8, entries *uint32, count int, log uint8) { panic(noLanes) }

func matchLanes(prime, root1, root2, inverse, most *uint32, count, position, first int, out *uint32) int {
	panic(noLanes)
}

func findLanes(entries *uint32, count, offset int, out *uint32) int { panic(noLanes) }

func topLanes(block *uint8, from, size int) int { panic(noLanes) }

func sieveQuads(block *uint8, prime, root1, root2 *uint32, logp *uint8, quads *uint16, count int) {
	panic(noLanes)
}

func sieveMiddle(block *uint8, prime, root1, root2 *uint32, logp *uint8, count, hits int) {
	panic(noLanes)
}

func sieveLarge(block *uint8, size int, prime, root1, root2 *uint32, count, skip int, log uint8, found *uint32) {
	panic(noLanes)
}
