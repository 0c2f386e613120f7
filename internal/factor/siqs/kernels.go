package siqs

import "factorfleet/internal/factor/kernels"

// hasKernels reports whether there are kernels at the level in force: 8 primes at a time in AVX2, 16
// in AVX-512. At level plain the code in Go beside their calls does the same.
func hasKernels() bool { return kernels.Active() > kernels.Plain }

// startLeast is how many primes startLanes needs; a base has more.
const startLeast = 4
