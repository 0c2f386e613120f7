//go:build amd64 && !purego

package mont

// The kernels of Powers by limbs.
var (
	strongKernels = [4]powerKernel{2: strongLanes2, 3: strongLanes3}
	lucasKernels  = [4]powerKernel{2: lucasLanes2, 3: lucasLanes3}
)

// The kernels of vectorPowers by kinds.
var (
	strongVectors = [vectorKindCount]vectorKernel{strongFloat, strongHalving, strongShortInt, strongInt63, strongInt64}
	lucasVectors  = [vectorKindCount]vectorKernel{lucasFloat, lucasHalving, lucasShortInt, lucasInt63, lucasInt64}
)
