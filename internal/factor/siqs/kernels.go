package siqs

// The levels of the kernels, by the instructions that they are made of and how many primes they
// work on at a time. On levelGo, without kernels, the code in Go beside their calls does the same.
const (
	levelGo     = 0
	levelAVX2   = 8
	levelAVX512 = 16
)

// startLeast is how many primes startLanes needs; a base has more.
const startLeast = 4

// HasKernels reports whether this machine has kernels: without them, in Go, sieving takes two times
// as long at 60 digits and five times at 90.
func HasKernels() bool { return level != levelGo }
