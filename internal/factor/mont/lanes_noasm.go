//go:build !amd64 || purego

package mont

var laneKernels [len(kinds)]laneKernel

var wideKernels [(maxPairLimbs+maxWideLimbs)/2 - minWideLimbs + 1]laneKernel
