//go:build !amd64 || purego

package mont

// Fast reports whether this machine has the instructions that make Lanes worth while.
func Fast() bool { return false }

var laneKernels [len(kinds)]laneKernel

var wideKernels [(maxPairLimbs+maxWideLimbs)/2 - minWideLimbs + 1]laneKernel
