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
#define EMIT(z, k, t) \
	VPCOMPRESSD z, k, t     \
	VMOVDQU32   t, (R10)    \
	KMOVW       k, AX       \
	POPCNTL     AX, AX      \
	LEAQ        (R10)(AX*4), R10
