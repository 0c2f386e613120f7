//go:build !amd64 || purego

package gf2

// The functions below exist so that the callers compile. hasKernels is false in this
// build, so that none is called.

const noKernels = "gf2: internal error: this build has no kernels"

func addProductsAVX2(t *table, z *vec, x *uint64, count int) { panic(noKernels) }

func addInnerAVX2(t *table, x *uint64, y *vec, count int) { panic(noKernels) }

func addImageAVX2(light *vec, entries, ends *uint32, start int, v *vec, count int) { panic(noKernels) }

func preimageAVX2(light *vec, entries, ends *uint32, start int, z *vec, count int) { panic(noKernels) }
