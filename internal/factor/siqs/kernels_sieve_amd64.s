//go:build amd64 && !purego

#include "textflag.h"

// A pair of roots of a prime, as addresses R9 and R10 in the block: ONE to FOUR add the
// logarithm AX to so many bytes a prime R8 apart from each; R13 is 3*R8.
#define ONE \
	ADDB AX, (R9) \
	ADDB AX, (R10)
#define TWO \
	ONE                   \
	ADDB AX, (R9)(R8*1)   \
	ADDB AX, (R10)(R8*1)
#define THREE \
	TWO                   \
	ADDB AX, (R9)(R8*2)   \
	ADDB AX, (R10)(R8*2)
#define FOUR \
	THREE                 \
	ADDB AX, (R9)(R13*1)  \
	ADDB AX, (R10)(R13*1)

// STEP moves on by four primes.
#define STEP \
	LEAQ (R9)(R8*4), R9   \
	LEAQ (R10)(R8*4), R10

// PRIME loads prime number R12.
#define PRIME \
	MOVL    (SI)(R12*4), R8  \
	MOVL    (DX)(R12*4), R9  \
	MOVL    (CX)(R12*4), R10 \
	MOVBLZX (BX)(R12*1), AX  \
	LEAQ    (R8)(R8*2), R13  \
	ADDQ    DI, R9           \
	ADDQ    DI, R10

// func sieveQuads(block *uint8, prime, root1, root2 *uint32, logp *uint8, quads *uint16, count int)
TEXT ·sieveQuads(SB), NOSPLIT, $0-56
	MOVQ block+0(FP), DI
	MOVQ prime+8(FP), SI
	MOVQ root1+16(FP), DX
	MOVQ root2+24(FP), CX
	MOVQ logp+32(FP), BX
	XORL R12, R12

small:
	PRIME
	MOVQ    quads+40(FP), R11
	MOVWLZX (R11)(R12*2), R11

quad:
	FOUR
	STEP
	DECL R11
	JNZ  quad
	INCQ R12
	CMPQ R12, count+48(FP)
	JLT  small
	RET

#define NEXT(label) \
	INCQ R12      \
	CMPQ R12, R11 \
	JLT  label    \
	RET

// func sieveMiddle(block *uint8, prime, root1, root2 *uint32, logp *uint8, count, hits int)
//
// No branch depends on the roots.
TEXT ·sieveMiddle(SB), NOSPLIT, $0-56
	MOVQ block+0(FP), DI
	MOVQ prime+8(FP), SI
	MOVQ root1+16(FP), DX
	MOVQ root2+24(FP), CX
	MOVQ logp+32(FP), BX
	MOVQ count+40(FP), R11
	MOVQ hits+48(FP), AX
	XORL R12, R12
	CMPQ AX, $8
	JGT  nine
	JEQ  hits8
	CMPQ AX, $6
	JGT  hits7
	JEQ  hits6
	CMPQ AX, $4
	JGT  hits5
	JEQ  hits4
	CMPQ AX, $2
	JGT  hits3
	JEQ  hits2

hits1:
	PRIME
	ONE
	NEXT(hits1)

hits2:
	PRIME
	TWO
	NEXT(hits2)

hits3:
	PRIME
	THREE
	NEXT(hits3)

hits4:
	PRIME
	FOUR
	NEXT(hits4)

hits5:
	PRIME
	FOUR
	STEP
	ONE
	NEXT(hits5)

hits6:
	PRIME
	FOUR
	STEP
	TWO
	NEXT(hits6)

hits7:
	PRIME
	FOUR
	STEP
	THREE
	NEXT(hits7)

hits8:
	PRIME
	FOUR
	STEP
	FOUR
	NEXT(hits8)

nine:
	CMPQ AX, $12
	JGT  thirteen
	JEQ  hits12
	CMPQ AX, $10
	JGT  hits11
	JEQ  hits10

hits9:
	PRIME
	FOUR
	STEP
	FOUR
	STEP
	ONE
	NEXT(hits9)

hits10:
	PRIME
	FOUR
	STEP
	FOUR
	STEP
	TWO
	NEXT(hits10)

hits11:
	PRIME
	FOUR
	STEP
	FOUR
	STEP
	THREE
	NEXT(hits11)

hits12:
	PRIME
	FOUR
	STEP
	FOUR
	STEP
	FOUR
	NEXT(hits12)

thirteen:
	CMPQ AX, $14
	JLT  hits13
	JEQ  hits14
	CMPQ AX, $16
	JEQ  hits16

hits15:
	PRIME
	FOUR
	STEP
	FOUR
	STEP
	FOUR
	STEP
	THREE
	NEXT(hits15)

hits13:
	PRIME
	FOUR
	STEP
	FOUR
	STEP
	FOUR
	STEP
	ONE
	NEXT(hits13)

hits14:
	PRIME
	FOUR
	STEP
	FOUR
	STEP
	FOUR
	STEP
	TWO
	NEXT(hits14)

hits16:
	PRIME
	FOUR
	STEP
	FOUR
	STEP
	FOUR
	STEP
	FOUR
	NEXT(hits16)

// ADD2 adds AX at the positions of two entries, which are their lower halves.
#define ADD2(off, a, b) \
	MOVWLZX off(SI), a     \
	MOVWLZX (off+4)(SI), b \
	ADDB    AX, (DI)(a*1)  \
	ADDB    AX, (DI)(b*1)

// func addLanes(block *uint8, entries *uint32, count int, log uint8)
TEXT ·addLanes(SB), NOSPLIT, $0-25
	MOVQ    block+0(FP), DI
	MOVQ    entries+8(FP), SI
	MOVQ    count+16(FP), CX
	MOVBLZX log+24(FP), AX
	SUBQ    $8, CX
	JLT     rest

eights:
	ADD2(0, R8, R9)
	ADD2(8, R10, R11)
	ADD2(16, R8, R9)
	ADD2(24, R10, R11)
	ADDQ $32, SI
	SUBQ $8, CX
	JGE  eights

rest:
	ADDQ $8, CX
	JEQ  added

singles:
	MOVWLZX (SI), R8
	ADDB    AX, (DI)(R8*1)
	ADDQ    $4, SI
	DECQ    CX
	JNZ     singles

added:
	RET
