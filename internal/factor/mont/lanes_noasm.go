//go:build !amd64 || purego

package mont

var (
	laneKernels [4]laneKernel
	avxKernels  [7]laneKernel
)

var wideKernels [(maxPairLimbs+maxWideLimbs)/2 - minWideLimbs + 1]laneKernel

var quadKernels []quadKernel
