package gf2

import "factorfleet/internal/factor/kernels"

// The inner loops exist in Go and in assembly:
//
//	kernel            Go                   does
//	addProductsAVX2   table.addProducts    rows of a product of a block and a square
//	addInnerAVX2      table.addInner       rows of a product of two blocks
//	addImageAVX2      part.addLight        light columns of B*v
//	preimageAVX2      part.sumLight        light columns of B^T times an image
//
// All give the same: TestKernels. The arguments are pointers, as assembly does not check
// bounds; the callers answer for the lengths.

// hasKernels reports whether the level in force has the kernels.
func hasKernels() bool { return kernels.Active() >= kernels.AVX2 }
