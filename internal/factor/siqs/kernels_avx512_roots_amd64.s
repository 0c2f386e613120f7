//go:build amd64 && !purego

#include "textflag.h"
#include "kernels_amd64.h"
#include "kernels_avx512_amd64.h"

// MOD reduces the eight x modulo the primes Z0, Z1 being about their reciprocals. It uses t.
// Requires x < 2^52 and x/p < 2^32.
//
// The quotient q, in float64, is x/p to a relative error of 2^-50, hence rounded to the nearest
// integer it is within 1/2 + 2^-18 of x/p, if x/p < 2^32: x - q*p is between -p and p, below 0
// exactly where it is, as an unsigned number, above x - q*p + p.
#define MOD(x, t) \
	VCVTUQQ2PD x, t      \
	VMULPD     Z1, t, t  \
	VCVTPD2UQQ t, t      \
	VPMULUDQ   Z0, t, t  \
	VPSUBQ     t, x, x   \
	VPADDQ     Z0, x, t  \
	VPMINUQ    t, x, x

// func startAVX512(prime, root *uint32, inverse, step *[maxFactors]*uint32, gamma *[maxFactors]uint32, factors, count, half int, root1, root2 *uint32)
//
// Eight primes at a time, each in 64 bits; K7 says which of the lanes are in use.
TEXT ·startAVX512(SB), NOSPLIT, $0-80
	MOVQ         prime+0(FP), DI
	MOVQ         root+8(FP), SI
	MOVQ         inverse+16(FP), DX
	MOVQ         step+24(FP), CX
	MOVQ         gamma+32(FP), R9
	MOVQ         factors+40(FP), R10
	MOVQ         count+48(FP), R8
	MOVQ         half+56(FP), AX
	VPBROADCASTQ AX, Z30
	MOVQ         root1+64(FP), BX
	MOVQ         root2+72(FP), R14
	MOVQ         $1, AX
	VPBROADCASTQ AX, Z29
	VCVTUQQ2PD   Z29, Z29
	XORL         R12, R12

primes:
	MOVL        $8, AX
	CMPQ        R8, AX
	CMOVLLT     R8, AX
	MOVL        $-1, R13
	BZHIL       AX, R13, R13
	KMOVW       R13, K7
	VPMOVZXDQ.Z (DI)(R12*4), K7, Z0
	VCVTUQQ2PD  Z0, Z1
	VDIVPD      Z1, Z29, Z1
	VPMOVZXDQ.Z (SI)(R12*4), K7, Z2
	VPXORQ      Z3, Z3, Z3
	XORL        R11, R11

factors:
	MOVQ         (DX)(R11*8), AX
	VPMOVZXDQ.Z  (AX)(R12*4), K7, Z4
	VPBROADCASTD (R9)(R11*4), Z5
	VPMULUDQ     Z4, Z2, Z2           // root/(the factors so far), below p^2
	MOD(Z2, Z6)
	VPMULUDQ     Z4, Z5, Z5           // gamma/q
	MOD(Z5, Z7)
	VPADDQ       Z5, Z3, Z3           // B/A, at most factors*p
	VPADDQ       Z5, Z5, Z5
	VPSUBQ       Z0, Z5, Z6
	VPMINUQ      Z6, Z5, Z5
	MOVQ         (CX)(R11*8), AX
	VPMOVQD      Z5, K7, (AX)(R12*4)
	INCQ         R11
	CMPQ         R11, R10
	JLT          factors

	VPSLLQ  $4, Z0, Z4              // maxFactors*p
	VPADDQ  Z30, Z4, Z4
	VPSUBQ  Z3, Z4, Z4
	VPADDQ  Z0, Z4, Z5
	VPADDQ  Z2, Z4, Z4
	VPSUBQ  Z2, Z5, Z5
	MOD(Z4, Z6)
	MOD(Z5, Z7)
	VPMOVQD Z4, K7, (BX)(R12*4)
	VPMOVQD Z5, K7, (R14)(R12*4)
	ADDQ    $8, R12
	SUBQ    $8, R8
	JGT     primes
	VZEROUPPER
	RET

// MOVE loads the roots at ptr, subtracts Z1 modulo the primes Z0 and stores them: z. It uses t.
#define MOVE(ptr, z, t) \
	VMOVDQU32.Z (ptr)(R12*4), K7, z \
	VPSUBD      Z1, z, z            \
	VPADDD      Z0, z, t            \
	VPMINUD     t, z, z             \
	VMOVDQU32   z, K7, (ptr)(R12*4)

// func moveAVX512(prime, root1, root2, step *uint32, count, up int)
TEXT ·moveAVX512(SB), NOSPLIT, $0-48
	MOVQ  prime+0(FP), DI
	MOVQ  root1+8(FP), SI
	MOVQ  root2+16(FP), DX
	MOVQ  step+24(FP), CX
	MOVQ  count+32(FP), R8
	MOVQ  up+40(FP), AX
	NEGQ  AX
	KMOVW AX, K6
	XORL  R12, R12

moves:
	LANES(R8)
	VMOVDQU32.Z (DI)(R12*4), K7, Z0
	VMOVDQU32.Z (CX)(R12*4), K7, Z1
	VPSUBD      Z1, Z0, K6, Z1
	MOVE(SI, Z2, Z4)
	MOVE(DX, Z3, Z5)
	ADDQ $16, R12
	SUBQ $16, R8
	JGT  moves
	VZEROUPPER
	RET

// func hitsAVX512(prime, root1, root2, step *uint32, count, up, trips, interval int, found *uint32) int
TEXT ·hitsAVX512(SB), NOSPLIT, $0-80
	MOVQ         prime+0(FP), DI
	MOVQ         root1+8(FP), SI
	MOVQ         root2+16(FP), DX
	MOVQ         step+24(FP), CX
	MOVQ         count+32(FP), R8
	MOVQ         up+40(FP), AX
	NEGQ         AX
	KMOVW        AX, K6
	MOVQ         trips+48(FP), R9
	MOVQ         interval+56(FP), AX
	VPBROADCASTD AX, Z30
	MOVQ         found+64(FP), R10
	VMOVDQU32    indices<>(SB), Z29
	VPSLLD       $20, Z29, Z29
	MOVL         $(16<<20), AX
	VPBROADCASTD AX, Z28
	XORL         R12, R12

primes:
	LANES(R8)
	VMOVDQU32.Z (DI)(R12*4), K7, Z0
	VMOVDQU32.Z (CX)(R12*4), K7, Z1
	VPSUBD      Z1, Z0, K6, Z1
	MOVE(SI, Z2, Z4)
	MOVE(DX, Z3, Z5)
	MOVQ R9, BX

trips:
	VPCMPUD $1, Z30, Z2, K7, K1 // x < interval
	VPCMPUD $1, Z30, Z3, K7, K2
	VPORD   Z29, Z2, Z6
	VPORD   Z29, Z3, Z7
	EMIT(Z6, K1, Z8)
	EMIT(Z7, K2, Z9)
	VPADDD  Z0, Z2, Z2
	VPADDD  Z0, Z3, Z3
	SUBQ    $1, BX
	JGE     trips
	VPADDD  Z28, Z29, Z29
	ADDQ    $16, R12
	SUBQ    $16, R8
	JGT     primes
	SUBQ    found+64(FP), R10
	SHRQ    $2, R10
	MOVQ    R10, ret+72(FP)
	VZEROUPPER
	RET

// TURN subtracts the steps from the roots Z2 modulo the primes Z0, or adds them if bit k of up is set,
// and appends the hits to out, of these roots and of those the distances Z3 below: the key Z29 and a
// position below Z30. It uses Z4 to Z7, K1, K2 and AX. The branch, to labels of its own, is the same throughout a call.
#define TURN(steps, up, k, down, moved, out) \
	TESTB   $(1<<k), up           \
	JEQ     down                  \
	VPADDD  steps, Z2, Z2         \
	VPSUBD  Z0, Z2, Z4            \
	JMP     moved                 \
down:                           \
	VPSUBD  steps, Z2, Z2         \
	VPADDD  Z0, Z2, Z4            \
moved:                          \
	VPMINUD Z4, Z2, Z2            \
	VPSUBD  Z3, Z2, Z5            \
	VPCMPUD $1, Z30, Z2, K7, K1   \
	VPCMPUD $1, Z30, Z5, K7, K2   \
	VPORD   Z29, Z2, Z4           \
	VPORD   Z29, Z5, Z5           \
	EMITTO(Z4, K1, Z6, out)       \
	EMITTO(Z5, K2, Z7, out)

// COUNTED stores the number of words from R13 + k*foundBytes up to out in number k at CX.
#define COUNTED(k, out) \
	SUBQ R13, out              \
	SUBQ $(k*foundBytes), out  \
	SHRQ $2, out               \
	MOVQ out, (k*8)(CX)

// func hitsAheadAVX512(prime, root1, root2, step0, step1, step2 *uint32, count, up, interval int, found *uint32, hits *int)
TEXT ·hitsAheadAVX512(SB), NOSPLIT, $0-88
	MOVQ         prime+0(FP), DI
	MOVQ         root1+8(FP), SI
	MOVQ         root2+16(FP), DX
	MOVQ         step0+24(FP), CX
	MOVQ         step1+32(FP), R9
	MOVQ         step2+40(FP), BX
	MOVQ         count+48(FP), R8
	MOVQ         interval+64(FP), AX
	VPBROADCASTD AX, Z30
	VMOVDQU32    indices<>(SB), Z29
	VPSLLD       $20, Z29, Z29
	MOVL         $(16<<20), AX
	VPBROADCASTD AX, Z28
	MOVQ         found+72(FP), R10
	LEAQ         foundBytes(R10), R11
	LEAQ         (2*foundBytes)(R10), R14
	LEAQ         (3*foundBytes)(R10), R15
	MOVL         $-1, AX
	KMOVW        AX, K7
	XORL         R12, R12

ahead:
	CMPQ R8, $16
	JGE  whole
	LANES(R8)

whole:
	PREFETCHT0  1024(DI)(R12*4)
	PREFETCHT0  1024(SI)(R12*4)
	PREFETCHT0  1024(DX)(R12*4)
	PREFETCHT0  1024(CX)(R12*4)
	PREFETCHT0  1024(R9)(R12*4)
	PREFETCHT0  1024(BX)(R12*4)
	VMOVDQU32.Z (DI)(R12*4), K7, Z0
	VMOVDQU32.Z (SI)(R12*4), K7, Z2
	VMOVDQU32.Z (DX)(R12*4), K7, Z3
	VMOVDQU32.Z (CX)(R12*4), K7, Z9
	VMOVDQU32.Z (R9)(R12*4), K7, Z10
	VMOVDQU32.Z (BX)(R12*4), K7, Z11
	TURN(Z9, up+56(FP), 0, down0, moved0, R10)
	TURN(Z10, up+56(FP), 1, down1, moved1, R11)
	TURN(Z11, up+56(FP), 2, down2, moved2, R14)
	TURN(Z10, up+56(FP), 3, down3, moved3, R15)
	VMOVDQU32   Z2, K7, (SI)(R12*4)
	VPADDD      Z28, Z29, Z29
	ADDQ        $16, R12
	SUBQ        $16, R8
	JGT         ahead
	MOVQ        found+72(FP), R13
	MOVQ        hits+80(FP), CX
	COUNTED(0, R10)
	COUNTED(1, R11)
	COUNTED(2, R14)
	COUNTED(3, R15)
	VZEROUPPER
	RET
