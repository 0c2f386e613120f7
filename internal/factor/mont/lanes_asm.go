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

// quadKernels are the kernels of QuadLanes, ascending.
var quadKernels = [...]quadKernel{
	{3, 28, runAVX3},
	{4, 28, runAVX4},
	{5, 28, runAVX5},
	{6, 28, runAVX6},
	{7, 28, runAVX7},
	{8, 28, runAVX8},
	{9, 28, runAVX9},
	{10, 28, runAVX10},
	{11, 28, runAVX11},
	{12, 28, runAVX12},
	{13, 28, runAVX13},
	{14, 28, runAVX14},
	{16, 28, runAVX16},
	{18, 28, runAVX18},
	{20, 28, runAVX20},
	{24, 28, runAVX24},
	{30, 27, runAVX30},
	{36, 27, runAVX36},
	{42, 27, runAVX42},
}
