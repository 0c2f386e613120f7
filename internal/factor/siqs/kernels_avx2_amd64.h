// What the kernels in AVX2 share.
//
// Vectors hold the 8 primes or entries at hand. Where there are fewer, the lanes Y15 are in use:
// masked loads and stores do not touch memory where the mask is 0, so that no array but those
// that take results has to be padded. The lanes that are not in use are loaded as 0.
//
// All positions and primes are below 2^31: x < y exactly if x - y, as an int32, has its sign bit
// set, which VMOVMSKPS takes.

// LANES sets Y15 to the min(n, 8) lowest lanes, 0 < n < 2^31.
#define LANES(n) \
	VMOVQ        n, X15   \
	VPBROADCASTD X15, Y15 \
	VPCMPGTD     indices<>(SB), Y15, Y15

// EMIT appends the lanes of z where m has its sign bit set to the words at out. R8 is the address
// of compress. It uses t, AX and R13.
#define EMIT(z, m, t, out) \
	VMOVMSKPS m, AX           \
	POPCNTL   AX, R13         \
	VPMOVZXBD (R8)(AX*8), t   \
	VPERMD    z, t, t         \
	VMOVDQU   t, (out)        \
	LEAQ      (out)(R13*4), out
