//go:build amd64 && !purego

#include "textflag.h"
#include "kernels_amd64.h"
#include "kernels_avx2_amd64.h"

// TWO52 is 2^52 as a float64, ONE is 1.
#define TWO52 $0x4330000000000000
#define ONE $0x3ff0000000000000

// FLOAT sets t to the numbers x < 2^52 as float64, Y14 being 2^52: with the bits of x as its last 52, 2^52
// becomes 2^52 + x.
#define FLOAT(x, t) \
	VPOR   Y14, x, t \
	VSUBPD Y14, t, t

// MOD reduces the four x modulo the primes Y0, Y1 being about their reciprocals. It uses t.
// Requires x < 2^52 and x/p < 2^32 - 1, p < 2^31.
//
// Y1 and its product with x have a relative error of 2^-53 each: together they are less than 2^-51,
// hence the product is within 2^-19 of x/p. 2^52 more is between 2^52 and 2^53, where the numbers in
// float64 are the integers: the sum is 2^52 + q, q an integer within 1/2 + 2^-19 of x/p, and q <
// 2^32 the low half of its bits. So r = x - q*p is between -p and p. If r >= 0, the halves of r are
// r and 0, those of r + p are r + p and 0; if r < 0, they are 2^32 + r and 2^32 - 1, and r + p < 2^31
// and 0. The smaller of each is that of r mod p.
#define MOD(x, t) \
	FLOAT(x, t)          \
	VMULPD   Y1, t, t    \
	VADDPD   Y14, t, t   \
	VPMULUDQ Y0, t, t    \
	VPSUBQ   t, x, x     \
	VPADDQ   Y0, x, t    \
	VPMINUD  t, x, x

// PUT stores the low halves of the four numbers of y, whose low half is x, at ptr. It uses X8.
#define PUT(y, x, ptr) \
	VEXTRACTI128 $1, y, X8         \
	VSHUFPS      $0x88, X8, x, X8  \
	VMOVDQU      X8, (ptr)(R12*4)

// func startAVX2(prime, root *uint32, inverse, step *[maxFactors]*uint32, gamma *[maxFactors]uint32, factors, count, half int, root1, root2 *uint32)
//
// Four primes at a time, each in 64 bits. The last four are some that were done before, if count
// is no multiple of 4: what is made of a prime does not depend on what was there.
TEXT ·startAVX2(SB), NOSPLIT, $0-80
	MOVQ         prime+0(FP), DI
	MOVQ         root+8(FP), SI
	MOVQ         inverse+16(FP), DX
	MOVQ         step+24(FP), CX
	MOVQ         gamma+32(FP), R9
	MOVQ         factors+40(FP), R10
	MOVQ         count+48(FP), R8
	SUBQ         $4, R8
	MOVQ         half+56(FP), AX
	VMOVQ        AX, X12
	VPBROADCASTQ X12, Y12
	MOVQ         root1+64(FP), BX
	MOVQ         root2+72(FP), R14
	MOVQ         TWO52, AX
	VMOVQ        AX, X14
	VPBROADCASTQ X14, Y14
	MOVQ         ONE, AX
	VMOVQ        AX, X13
	VPBROADCASTQ X13, Y13
	XORL         R12, R12

primes:
	VPMOVZXDQ (DI)(R12*4), Y0
	FLOAT(Y0, Y1)
	VDIVPD    Y1, Y13, Y1
	VPMOVZXDQ (SI)(R12*4), Y2
	VPXOR     Y3, Y3, Y3
	XORL      R11, R11

factors:
	MOVQ         (DX)(R11*8), AX
	VPMOVZXDQ    (AX)(R12*4), Y4
	VPBROADCASTD (R9)(R11*4), Y5
	VPMULUDQ     Y4, Y2, Y2           // root/(the factors so far), below p^2
	MOD(Y2, Y6)
	VPMULUDQ Y4, Y5, Y5           // gamma/q
	MOD(Y5, Y7)
	VPADDQ  Y5, Y3, Y3           // B/A, at most factors*p
	VPADDQ  Y5, Y5, Y5
	VPSUBQ  Y0, Y5, Y6
	VPMINUD Y6, Y5, Y5           // as in MOD, Y6 being below 0 or not
	MOVQ    (CX)(R11*8), AX
	PUT(Y5, X5, AX)
	INCQ R11
	CMPQ R11, R10
	JLT  factors

	VPSLLQ $4, Y0, Y4              // maxFactors*p
	VPADDQ Y12, Y4, Y4
	VPSUBQ Y3, Y4, Y4
	VPADDQ Y0, Y4, Y5
	VPADDQ Y2, Y4, Y4
	VPSUBQ Y2, Y5, Y5
	MOD(Y4, Y6)
	MOD(Y5, Y7)
	PUT(Y4, X4, BX)
	PUT(Y5, X5, R14)
	CMPQ    R12, R8
	JGE     started
	ADDQ    $4, R12
	CMPQ    R12, R8
	CMOVQGT R8, R12
	JMP     primes

started:
	VZEROUPPER
	RET

// UP sets y, whose low half is low, to all ones if x is 1, to 0 if it is 0. It uses AX.
#define UP(x, y, low) \
	MOVQ         x, AX   \
	NEGL         AX      \
	VMOVQ        AX, low \
	VPBROADCASTD low, y

// REST sets d to the steps s, or to the rest of them to the primes if up is all ones, else 0; next is
// prime + 1. It uses t.
//
// p - s = ~s + p + 1.
#define REST(s, up, next, t, d) \
	VPAND  up, next, t \
	VPXOR  s, up, d    \
	VPADDD t, d, d

// MOVE subtracts the steps d from the roots x and y modulo the primes Y0. It uses t, and ends that of d.
#define MOVE(x, y, t, d) \
	VPSUBD  d, x, x   \
	VPSUBD  d, y, y   \
	VPADDD  Y0, x, t  \
	VPADDD  Y0, y, d  \
	VPMINUD t, x, x   \
	VPMINUD d, y, y

// func moveAVX2(prime, root1, root2, step *uint32, count, up int)
TEXT ·moveAVX2(SB), NOSPLIT, $0-48
	MOVQ prime+0(FP), DI
	MOVQ root1+8(FP), SI
	MOVQ root2+16(FP), DX
	MOVQ step+24(FP), CX
	MOVQ count+32(FP), R9
	UP(up+40(FP), Y14, X14)
	VPCMPEQD Y13, Y13, Y13
	XORL     R12, R12
	SUBQ     $8, R9
	JLT      last

moves:
	VMOVDQU (DI)(R12*4), Y0
	VMOVDQU (SI)(R12*4), Y2
	VMOVDQU (DX)(R12*4), Y3
	VPSUBD  Y13, Y0, Y4
	REST((CX)(R12*4), Y14, Y4, Y5, Y6)
	MOVE(Y2, Y3, Y5, Y6)
	VMOVDQU Y2, (SI)(R12*4)
	VMOVDQU Y3, (DX)(R12*4)
	ADDQ    $8, R12
	SUBQ    $8, R9
	JGE     moves

last:
	ADDQ $8, R9
	JEQ  moved
	LANES(R9)
	VPMASKMOVD (DI)(R12*4), Y15, Y0
	VPMASKMOVD (SI)(R12*4), Y15, Y2
	VPMASKMOVD (DX)(R12*4), Y15, Y3
	VPMASKMOVD (CX)(R12*4), Y15, Y1
	VPSUBD     Y13, Y0, Y4
	REST(Y1, Y14, Y4, Y5, Y6)
	MOVE(Y2, Y3, Y5, Y6)
	VPMASKMOVD Y2, Y15, (SI)(R12*4)
	VPMASKMOVD Y3, Y15, (DX)(R12*4)

moved:
	VZEROUPPER
	RET

// KEYS sets y to 0, 1<<20, .. 7<<20.
#define KEYS(y) \
	VMOVDQU indices<>(SB), y \
	VPSLLD  $20, y, y

// EIGHT has 8<<20 in each of 8 words.
DATA eight<>+0(SB)/8, $0x0080000000800000
DATA eight<>+8(SB)/8, $0x0080000000800000
DATA eight<>+16(SB)/8, $0x0080000000800000
DATA eight<>+24(SB)/8, $0x0080000000800000
GLOBL eight<>(SB), RODATA|NOPTR, $32

// HITS appends those of the positions x below Y8, each with its key Y7, to out. It uses Y13 to Y15, AX
// and R13.
#define HITS(x, out) \
	VPSUBD Y8, x, Y13 \
	VPOR   Y7, x, Y14 \
	EMIT(Y14, Y13, Y15, out)

// func hitsAVX2(prime, root1, root2, step *uint32, count, up, trips, sure, interval int, found *uint32) int
//
// Of 8 whole lanes the sure hits need no comparison. In the lanes that are not in use the position is 0,
// and not below the interval, which is 0.
TEXT ·hitsAVX2(SB), NOSPLIT, $0-88
	MOVQ prime+0(FP), DI
	MOVQ root1+8(FP), SI
	MOVQ root2+16(FP), DX
	MOVQ step+24(FP), CX
	MOVQ count+32(FP), R9
	UP(up+40(FP), Y9, X9)
	MOVQ         trips+48(FP), R11
	MOVQ         sure+56(FP), R14
	MOVQ         interval+64(FP), AX
	VMOVQ        AX, X8
	VPBROADCASTD X8, Y8
	MOVQ         found+72(FP), R10
	LEAQ         ·compress(SB), R8
	KEYS(Y7)
	VPCMPEQD Y10, Y10, Y10
	XORL     R12, R12
	SUBQ     $8, R9
	JLT      few

primes:
	VMOVDQU (DI)(R12*4), Y0
	VMOVDQU (SI)(R12*4), Y1
	VMOVDQU (DX)(R12*4), Y2
	VPSUBD  Y10, Y0, Y4
	REST((CX)(R12*4), Y9, Y4, Y5, Y6)
	MOVE(Y1, Y2, Y5, Y6)
	VMOVDQU Y1, (SI)(R12*4)
	VMOVDQU Y2, (DX)(R12*4)
	MOVQ    R11, BX
	SUBQ    R14, BX
	MOVQ    R14, AX
	SUBQ    $1, AX
	JLT     trips

inside:
	VPOR    Y7, Y1, Y13
	VPOR    Y7, Y2, Y14
	VMOVDQU Y13, (R10)
	VMOVDQU Y14, 32(R10)
	ADDQ    $64, R10
	VPADDD  Y0, Y1, Y1
	VPADDD  Y0, Y2, Y2
	SUBQ    $1, AX
	JGE     inside

trips:
	HITS(Y1, R10)
	HITS(Y2, R10)
	VPADDD Y0, Y1, Y1
	VPADDD Y0, Y2, Y2
	SUBQ   $1, BX
	JGE    trips
	VPADDD eight<>(SB), Y7, Y7
	ADDQ   $8, R12
	SUBQ   $8, R9
	JGE    primes

few:
	ADDQ $8, R9
	JEQ  moved
	LANES(R9)
	VPAND      Y15, Y8, Y8
	VPMASKMOVD (DI)(R12*4), Y15, Y0
	VPMASKMOVD (SI)(R12*4), Y15, Y1
	VPMASKMOVD (DX)(R12*4), Y15, Y2
	VPMASKMOVD (CX)(R12*4), Y15, Y3
	VPSUBD     Y10, Y0, Y4
	REST(Y3, Y9, Y4, Y5, Y6)
	MOVE(Y1, Y2, Y5, Y6)
	VPMASKMOVD Y1, Y15, (SI)(R12*4)
	VPMASKMOVD Y2, Y15, (DX)(R12*4)

fewer:
	HITS(Y1, R10)
	HITS(Y2, R10)
	VPADDD Y0, Y1, Y1
	VPADDD Y0, Y2, Y2
	SUBQ   $1, R11
	JGE    fewer

moved:
	SUBQ found+72(FP), R10
	SHRQ $2, R10
	MOVQ R10, ret+80(FP)
	VZEROUPPER
	RET

// TURN subtracts the steps from the roots Y1 modulo the primes Y0, or adds them if bit k of
// up is set, and appends the hits to out, of these roots and of those the distances Y2 below, where they are not
// negative. It uses Y12 to Y15, AX and R13. The branch, to labels of its own, is the same throughout
// a call and takes less than REST.
#define TURN(steps, up, k, down, moved, out) \
	TESTB   $(1<<k), up        \
	JEQ     down               \
	VPADDD  steps, Y1, Y1      \
	VPSUBD  Y0, Y1, Y13        \
	JMP     moved              \
down:                        \
	VPSUBD  steps, Y1, Y1      \
	VPADDD  Y0, Y1, Y13        \
moved:                       \
	VPMINUD Y13, Y1, Y1        \
	VPSUBD  Y2, Y1, Y12        \
	HITS(Y1, out)              \
	VPSUBD  Y8, Y12, Y13       \
	VPANDN  Y13, Y12, Y13      \
	VPOR    Y7, Y12, Y14       \
	EMIT(Y14, Y13, Y15, out)

// COUNTED stores the number of words from R13 + k*foundBytes up to out in number k at CX.
#define COUNTED(k, out) \
	SUBQ R13, out              \
	SUBQ $(k*foundBytes), out  \
	SHRQ $2, out               \
	MOVQ out, (k*8)(CX)

// func hitsAheadAVX2(prime, root1, root2, step0, step1, step2 *uint32, count, up, interval int, found *uint32, hits *int)
//
// The addresses are those of the ends of the arrays; R12 runs from -count up. As for hitsAVX2, there are
// no hits in the lanes that are not in use.
TEXT ·hitsAheadAVX2(SB), NOSPLIT, $0-88
	MOVQ         count+48(FP), R12
	MOVQ         prime+0(FP), DI
	LEAQ         (DI)(R12*4), DI
	MOVQ         root1+8(FP), SI
	LEAQ         (SI)(R12*4), SI
	MOVQ         root2+16(FP), DX
	LEAQ         (DX)(R12*4), DX
	MOVQ         step0+24(FP), CX
	LEAQ         (CX)(R12*4), CX
	MOVQ         step1+32(FP), R9
	LEAQ         (R9)(R12*4), R9
	MOVQ         step2+40(FP), BX
	LEAQ         (BX)(R12*4), BX
	NEGQ         R12
	MOVQ         interval+64(FP), AX
	VMOVQ        AX, X8
	VPBROADCASTD X8, Y8
	KEYS(Y7)
	MOVQ found+72(FP), R10
	LEAQ foundBytes(R10), R11
	LEAQ (2*foundBytes)(R10), R14
	LEAQ (3*foundBytes)(R10), R15
	LEAQ ·compress(SB), R8

ahead:
	PREFETCHT0 1024(DI)(R12*4)
	PREFETCHT0 1024(SI)(R12*4)
	PREFETCHT0 1024(DX)(R12*4)
	PREFETCHT0 1024(CX)(R12*4)
	PREFETCHT0 1024(R9)(R12*4)
	PREFETCHT0 1024(BX)(R12*4)
	CMPQ       R12, $-8
	JGT        few
	VMOVDQU    (DI)(R12*4), Y0
	VMOVDQU    (SI)(R12*4), Y1
	VMOVDQU    (DX)(R12*4), Y2
	VMOVDQU    (CX)(R12*4), Y3
	VMOVDQU    (R9)(R12*4), Y4
	VMOVDQU    (BX)(R12*4), Y5

loaded:
	TURN(Y3, up+56(FP), 0, down0, moved0, R10)
	TURN(Y4, up+56(FP), 1, down1, moved1, R11)
	TURN(Y5, up+56(FP), 2, down2, moved2, R14)
	TURN(Y4, up+56(FP), 3, down3, moved3, R15)
	VPADDD  eight<>(SB), Y7, Y7
	CMPQ    R12, $-8
	JGT     fewer
	VMOVDQU Y1, (SI)(R12*4)
	ADDQ    $8, R12
	JLT     ahead

counts:
	MOVQ found+72(FP), R13
	MOVQ hits+80(FP), CX
	COUNTED(0, R10)
	COUNTED(1, R11)
	COUNTED(2, R14)
	COUNTED(3, R15)
	VZEROUPPER
	RET

few:
	MOVQ R12, AX
	NEGQ AX
	LANES(AX)
	VPAND      Y15, Y8, Y8
	VPMASKMOVD (DI)(R12*4), Y15, Y0
	VPMASKMOVD (SI)(R12*4), Y15, Y1
	VPMASKMOVD (DX)(R12*4), Y15, Y2
	VPMASKMOVD (CX)(R12*4), Y15, Y3
	VPMASKMOVD (R9)(R12*4), Y15, Y4
	VPMASKMOVD (BX)(R12*4), Y15, Y5
	JMP        loaded

fewer:
	MOVQ R12, AX
	NEGQ AX
	LANES(AX)
	VPMASKMOVD Y1, Y15, (SI)(R12*4)
	JMP        counts
