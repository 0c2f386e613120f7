//go:build amd64 && !purego

package mont

// laneKernels and avxKernels are the kernels of ifmaKinds, from the second on, and avxKinds.
var (
	laneKernels = [...]laneKernel{runLanes1Strict, runLanes2Short, runLanes2, runLanes3}
	avxKernels  = [...]laneKernel{runFloat, runHalving, runShortInt, runInt63, runInt64, runPair46, runPair50}
)

// wideKernels are the kernels of WideLanes, from minWideLimbs on.
var wideKernels = [...]laneKernel{runWide3, runWide4, runWide5, runWide6, runWide7, runWide8, runWide9, runWide10,
	runWide12, runWide14, runWide16, runWide18, runWide20}
