//go:build amd64 && !purego

#include "textflag.h"

// The layout of trialGroup.
#define INV 0(DX)
#define END 32(DX)
#define C1 64(DX)
#define B2(r) 96(DX)(r*1) // r = 0 without the top bit, 32 with it
#define C3 160(DX)
#define C5 192(DX)
#define B6(r) 224(DX)(r*1)
#define SIZE 288

// Y0 = inv, Y1 = end, Y2, Y3, Y4 = pairs of c of eight primes.

// BROADCAST puts the low 32 bits of r into all lanes.
#define BROADCAST(r, x, y) \
	VMOVD        r, x \
	VPBROADCASTD x, y

// LOAD cuts the word at src: low gets its low 31 bits, pair the next 32, which are two signed
// digits less 2^15 each, top 32 times the highest bit.
#define LOAD(src, xlow, low, xpair, pair, top) \
	MOVQ src, top                \
	MOVL top, R12                \
	ANDL $0x7fffffff, R12        \
	BROADCAST(R12, xlow, low)    \
	SHRQ $31, top                \
	MOVL top, R12                \
	XORL R13, R12                \
	BROADCAST(R12, xpair, pair)  \
	SHRQ $32, top                \
	SHLQ $5, top

// TEST sets the byte at to to the set of the primes that divide the number with t*inv mod 2^32 in t,
// less 2^31.
#define TEST(t, to) \
	VPMULLD   t, Y0, t \
	VPCMPGTD  t, Y1, t \
	VMOVMSKPS t, R12   \
	MOVB      R12, to

// WORD does TEST for the number low + pair*2^31 + top*2^63.
#define WORD(low, pair, top, t, to) \
	VPMADDWD pair, Y2, t     \
	VPADDD   low, t, t       \
	VPADDD   B2(top), t, t   \
	TEST(t, to)

// func trialWords(divs, ns *uint64, count int, group *trialGroup, groups int)
//
// Four numbers at a time, number i in Y(5+2i) and Y(6+2i). The bitset of a number has as many bytes
// as there are groups: AX; R8 = 3*AX.
TEXT ·trialWords(SB), NOSPLIT, $0-40
	MOVQ divs+0(FP), DI
	MOVQ ns+8(FP), SI
	MOVQ count+16(FP), CX
	MOVQ groups+32(FP), AX
	LEAQ (AX)(AX*2), R8
	MOVL $0x80008000, R13

numbers:
	LOAD(0(SI), X5, Y5, X6, Y6, BX)
	LOAD(8(SI), X7, Y7, X8, Y8, R9)
	LOAD(16(SI), X9, Y9, X10, Y10, R10)
	LOAD(24(SI), X11, Y11, X12, Y12, R11)
	MOVQ group+24(FP), DX
	LEAQ (DI)(AX*1), R15

group:
	VMOVDQU INV, Y0
	VMOVDQU END, Y1
	VMOVDQU C1, Y2
	WORD(Y5, Y6, BX, Y13, (DI))
	WORD(Y7, Y8, R9, Y14, (DI)(AX*1))
	WORD(Y9, Y10, R10, Y15, (DI)(AX*2))
	WORD(Y11, Y12, R11, Y3, (DI)(R8*1))
	ADDQ $SIZE, DX
	INCQ DI
	CMPQ DI, R15
	JNE  group

	ADDQ $32, SI
	ADDQ R8, DI // it stands AX further already
	SUBQ $4, CX
	JNZ  numbers
	VZEROUPPER
	RET

// LOADWIDE cuts the number at hi:lo: low gets its low 31 bits, the pairs the next 96, which are six
// signed digits less 2^15 each, top 32 times the highest bit.
#define LOADWIDE(lo, hi, xlow, low, xp1, p1, xp2, p2, xp3, p3, top) \
	MOVQ lo, top              \
	MOVL top, R12             \
	ANDL $0x7fffffff, R12     \
	BROADCAST(R12, xlow, low) \
	SHRQ $31, top             \
	MOVL top, R12             \
	XORL R13, R12             \
	BROADCAST(R12, xp1, p1)   \
	SHRQ $32, top             \
	MOVQ hi, R12              \
	ADDQ R12, R12             \
	ORQ  R12, top             \
	MOVL top, R12             \
	XORL R13, R12             \
	BROADCAST(R12, xp2, p2)   \
	SHRQ $32, top             \
	XORL R13, top             \
	BROADCAST(top, xp3, p3)   \
	MOVQ hi, top              \
	SHRQ $63, top             \
	SHLQ $5, top

// WIDE does TEST for the number low + p1*2^31 + p2*2^63 + p3*2^95 + top*2^127.
#define WIDE(low, p1, p2, p3, top, t, u, to) \
	VPMADDWD p1, Y2, t       \
	VPADDD   low, t, t       \
	VPMADDWD p2, Y3, u       \
	VPADDD   u, t, t         \
	VPMADDWD p3, Y4, u       \
	VPADDD   B6(top), t, t   \
	VPADDD   u, t, t         \
	TEST(t, to)

// func trialWide(divs *uint64, ns *[2]uint64, count int, group *trialGroup, groups int)
//
// Two numbers at a time, number i in Y(5+4i) to Y(8+4i); AX as above.
TEXT ·trialWide(SB), NOSPLIT, $0-40
	MOVQ divs+0(FP), DI
	MOVQ ns+8(FP), SI
	MOVQ count+16(FP), CX
	MOVQ groups+32(FP), AX
	MOVL $0x80008000, R13

numbers:
	LOADWIDE(0(SI), 8(SI), X5, Y5, X6, Y6, X7, Y7, X8, Y8, BX)
	LOADWIDE(16(SI), 24(SI), X9, Y9, X10, Y10, X11, Y11, X12, Y12, R9)
	MOVQ group+24(FP), DX
	LEAQ (DI)(AX*1), R15

group:
	VMOVDQU INV, Y0
	VMOVDQU END, Y1
	VMOVDQU C1, Y2
	VMOVDQU C3, Y3
	VMOVDQU C5, Y4
	WIDE(Y5, Y6, Y7, Y8, BX, Y13, Y14, (DI))
	WIDE(Y9, Y10, Y11, Y12, R9, Y15, Y14, (DI)(AX*1))
	ADDQ $SIZE, DX
	INCQ DI
	CMPQ DI, R15
	JNE  group

	ADDQ $32, SI
	ADDQ AX, DI // it stands AX further already
	SUBQ $2, CX
	JNZ  numbers
	VZEROUPPER
	RET
