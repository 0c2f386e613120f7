// What the kernels in AVX2 and in AVX-512 share.

// INDICES is 0, 1, .. 15.
DATA indices<>+0(SB)/4, $0
DATA indices<>+4(SB)/4, $1
DATA indices<>+8(SB)/4, $2
DATA indices<>+12(SB)/4, $3
DATA indices<>+16(SB)/4, $4
DATA indices<>+20(SB)/4, $5
DATA indices<>+24(SB)/4, $6
DATA indices<>+28(SB)/4, $7
DATA indices<>+32(SB)/4, $8
DATA indices<>+36(SB)/4, $9
DATA indices<>+40(SB)/4, $10
DATA indices<>+44(SB)/4, $11
DATA indices<>+48(SB)/4, $12
DATA indices<>+52(SB)/4, $13
DATA indices<>+56(SB)/4, $14
DATA indices<>+60(SB)/4, $15
GLOBL indices<>(SB), RODATA|NOPTR, $64

// foundBytes is the distance of the results of two polynomials.
#define foundBytes ((1<<13)+16)*4

// PAIR adds BX at two of the positions found.
#define PAIR(off, a, b) \
	MOVQ off(R11), a     \
	MOVL a, b            \
	SHRQ $32, a          \
	ADDB BX, (DI)(b*1)   \
	ADDB BX, (DI)(a*1)
