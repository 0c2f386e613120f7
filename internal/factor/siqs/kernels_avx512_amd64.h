// What the kernels in AVX-512 share.
//
// Vectors hold the 16 primes or entries at hand; K7 says which of the lanes are in use.
// Masked loads and stores do not touch memory where the mask is 0, so that no array but those
// that take results has to be padded.

// LANES sets K7 to the min(n, 16) lowest lanes, n > 0. It uses AX and R13.
#define LANES(n) \
	MOVL    $16, AX      \
	CMPQ    n, AX        \
	CMOVLLT n, AX        \
	MOVL    $-1, R13     \
	BZHIL   AX, R13, R13 \
	KMOVW   R13, K7

// EMIT appends the lanes k of z to the words at R10. It uses t and AX.
#define EMIT(z, k, t) EMITTO(z, k, t, R10)

// EMITTO appends the lanes k of z to the words at out. It uses t and AX.
#define EMITTO(z, k, t, out) \
	VPCOMPRESSD z, k, t     \
	VMOVDQU32   t, (out)    \
	KMOVW       k, AX       \
	POPCNTL     AX, AX      \
	LEAQ        (out)(AX*4), out
