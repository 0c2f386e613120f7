//go:build amd64 && !purego

#include "textflag.h"

// The layout of trialGroup.
#define INV 0(DX)
#define MAX 64(DX)
#define C1 128(DX)
#define C2 192(DX)
#define C3 256(DX)
#define SIZE 320

// Z0 = inv, Z1 = max, Z2, Z3, Z4 = c1, c2, c3 of eight primes; Z5 = 0;
// Z31 = 2^32-1 in each lane.

// LOAD broadcasts the word at src and cuts it: lo gets its low half, hi the high one.
#define LOAD(src, lo, hi) \
	VPBROADCASTQ src, lo   \
	VPSRLQ       $32, lo, hi \
	VPANDQ       Z31, lo, lo

// WORD makes the mask of the primes that divide lo + hi*2^32.
#define WORD(lo, hi, t, z, k) \
	VMOVDQA64   lo, t         \
	VMOVDQA64   Z5, z         \
	VPMADD52LUQ hi, Z2, t     \
	VPMADD52LUQ t, Z0, z      \
	VPCMPUQ     $2, Z1, z, k  // z <= max

// NARROW makes the mask of the primes that divide n < 2^52.
#define NARROW(n, z, k) \
	VMOVDQA64   Z5, z        \
	VPMADD52LUQ n, Z0, z     \
	VPCMPUQ     $2, Z1, z, k // z <= max

// MASKS stores the masks K1 to K7 of the first seven numbers.
#define MASKS \
	KMOVB K1, (DI)       \
	KMOVB K2, (DI)(AX*1) \
	KMOVB K3, (DI)(AX*2) \
	KMOVB K4, (DI)(R8*1) \
	KMOVB K5, (DI)(AX*4) \
	KMOVB K6, (DI)(R9*1) \
	KMOVB K7, (DI)(R8*2)

// func trialWords(divs, ns *uint64, count int, group *trialGroup, groups int)
//
// Eight numbers at a time, number i in Z(8+2i) and Z(9+2i). The bitset of a number
// has as many bytes as there are groups: AX; R8 = 3*AX, R9 = 5*AX, R10 = 7*AX.
TEXT ·trialWords(SB), NOSPLIT, $0-40
	MOVQ divs+0(FP), DI
	MOVQ ns+8(FP), SI
	MOVQ count+16(FP), CX
	MOVQ groups+32(FP), AX
	LEAQ (AX)(AX*2), R8
	LEAQ (AX)(AX*4), R9
	LEAQ (R8)(AX*4), R10
	VPXORQ Z5, Z5, Z5
	VPTERNLOGQ $255, Z31, Z31, Z31
	VPSRLQ $32, Z31, Z31

numbers:
	MOVQ 0(SI), DX
	ORQ  8(SI), DX
	ORQ  16(SI), DX
	ORQ  24(SI), DX
	ORQ  32(SI), DX
	ORQ  40(SI), DX
	ORQ  48(SI), DX
	ORQ  56(SI), DX
	SHRQ $52, DX
	JEQ  narrow
	LOAD(0(SI), Z8, Z9)
	LOAD(8(SI), Z10, Z11)
	LOAD(16(SI), Z12, Z13)
	LOAD(24(SI), Z14, Z15)
	LOAD(32(SI), Z16, Z17)
	LOAD(40(SI), Z18, Z19)
	LOAD(48(SI), Z20, Z21)
	LOAD(56(SI), Z22, Z23)
	MOVQ group+24(FP), DX
	MOVQ AX, BX

group:
	VMOVDQU64 INV, Z0
	VMOVDQU64 MAX, Z1
	VMOVDQU64 C1, Z2
	WORD(Z8, Z9, Z24, Z25, K1)
	WORD(Z10, Z11, Z26, Z27, K2)
	WORD(Z12, Z13, Z28, Z29, K3)
	WORD(Z14, Z15, Z30, Z3, K4)
	WORD(Z16, Z17, Z24, Z25, K5)
	WORD(Z18, Z19, Z26, Z27, K6)
	WORD(Z20, Z21, Z28, Z29, K7)
	MASKS
	WORD(Z22, Z23, Z30, Z3, K1)
	KMOVB K1, (DI)(R10*1)
	INCQ DI
	ADDQ $SIZE, DX
	DECQ BX
	JNZ  group

next:
	ADDQ $64, SI
	ADDQ R10, DI // it stands AX further already
	SUBQ $8, CX
	JNZ  numbers
	VZEROUPPER
	RET

narrow: // n itself is t
	VPBROADCASTQ 0(SI), Z8
	VPBROADCASTQ 8(SI), Z9
	VPBROADCASTQ 16(SI), Z10
	VPBROADCASTQ 24(SI), Z11
	VPBROADCASTQ 32(SI), Z12
	VPBROADCASTQ 40(SI), Z13
	VPBROADCASTQ 48(SI), Z14
	VPBROADCASTQ 56(SI), Z15
	MOVQ group+24(FP), DX
	MOVQ AX, BX

narrowgroup:
	VMOVDQU64 INV, Z0
	VMOVDQU64 MAX, Z1
	NARROW(Z8, Z16, K1)
	NARROW(Z9, Z17, K2)
	NARROW(Z10, Z18, K3)
	NARROW(Z11, Z19, K4)
	NARROW(Z12, Z20, K5)
	NARROW(Z13, Z21, K6)
	NARROW(Z14, Z22, K7)
	MASKS
	NARROW(Z15, Z23, K1)
	KMOVB K1, (DI)(R10*1)
	INCQ DI
	ADDQ $SIZE, DX
	DECQ BX
	JNZ  narrowgroup
	JMP  next

// WIDE makes the mask of the primes that divide a + b*2^32 + c*2^64 + d*2^96.
#define WIDE(a, b, c, d, t, z, k) \
	VMOVDQA64   a, t         \
	VMOVDQA64   Z5, z        \
	VPMADD52LUQ b, Z2, t     \
	VPMADD52LUQ c, Z3, t     \
	VPMADD52LUQ d, Z4, t     \
	VPMADD52LUQ t, Z0, z     \
	VPCMPUQ     $2, Z1, z, k // z <= max

// func trialWide(divs *uint64, ns *[2]uint64, count int, group *trialGroup, groups int)
//
// Four numbers at a time, number i in Z(8+4i) to Z(11+4i); AX and R8 as above.
TEXT ·trialWide(SB), NOSPLIT, $0-40
	MOVQ divs+0(FP), DI
	MOVQ ns+8(FP), SI
	MOVQ count+16(FP), CX
	MOVQ groups+32(FP), AX
	LEAQ (AX)(AX*2), R8
	VPXORQ Z5, Z5, Z5
	VPTERNLOGQ $255, Z31, Z31, Z31
	VPSRLQ $32, Z31, Z31

numbers:
	LOAD(0(SI), Z8, Z9)
	LOAD(8(SI), Z10, Z11)
	LOAD(16(SI), Z12, Z13)
	LOAD(24(SI), Z14, Z15)
	LOAD(32(SI), Z16, Z17)
	LOAD(40(SI), Z18, Z19)
	LOAD(48(SI), Z20, Z21)
	LOAD(56(SI), Z22, Z23)
	MOVQ group+24(FP), DX
	MOVQ AX, BX

group:
	VMOVDQU64 INV, Z0
	VMOVDQU64 MAX, Z1
	VMOVDQU64 C1, Z2
	VMOVDQU64 C2, Z3
	VMOVDQU64 C3, Z4
	WIDE(Z8, Z9, Z10, Z11, Z24, Z25, K1)
	WIDE(Z12, Z13, Z14, Z15, Z26, Z27, K2)
	WIDE(Z16, Z17, Z18, Z19, Z28, Z29, K3)
	WIDE(Z20, Z21, Z22, Z23, Z30, Z6, K4)
	KMOVB K1, (DI)
	KMOVB K2, (DI)(AX*1)
	KMOVB K3, (DI)(AX*2)
	KMOVB K4, (DI)(R8*1)
	INCQ DI
	ADDQ $SIZE, DX
	DECQ BX
	JNZ  group

	ADDQ $64, SI
	ADDQ R8, DI // it stands AX further already
	SUBQ $4, CX
	JNZ  numbers
	VZEROUPPER
	RET
