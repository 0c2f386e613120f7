//go:build amd64 && !purego

package gf2

// The kernels add a vec by one instruction. Go, which has no vectors, takes two words.
// All of them require count > 0.

//go:noescape
func addProductsAVX2(t *table, z *vec, x *uint64, count int)

//go:noescape
func addInnerAVX2(t *table, x *uint64, y *vec, count int)

//go:noescape
func addImageAVX2(light *vec, entries, ends *uint32, start int, v *vec, count int)

//go:noescape
func preimageAVX2(light *vec, entries, ends *uint32, start int, z *vec, count int)
