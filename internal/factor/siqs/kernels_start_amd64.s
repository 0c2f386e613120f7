//go:build amd64 && !purego

#include "textflag.h"

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

// func startLanes(prime, root *uint32, inverse, step *[maxFactors]*uint32, gamma *[maxFactors]uint32, factors, count, half int, root1, root2 *uint32)
//
// Eight primes at a time, each in 64 bits; K7 says which of the lanes are in use.
TEXT ·startLanes(SB), NOSPLIT, $0-80
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
