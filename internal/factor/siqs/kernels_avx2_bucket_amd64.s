//go:build amd64 && !purego

#include "textflag.h"
#include "kernels_amd64.h"
#include "kernels_avx2_amd64.h"

// OPEN sets end to the end of the bucket of block k from DX on, AX being its beginning, which moves on to the next.
#define OPEN(k, end) \
	MOVL (k*4)(DX), end     \
	LEAQ (AX)(end*4), end   \
	ADDQ BX, AX

// ENTRIES makes the next hits: their entries Y2 and the complements Y1 of their blocks. Behind the
// hits there are words of no meaning: 0 is the complement of none.
#define ENTRIES(whole) \
	CMPQ    R11, $8      \
	JGE     whole        \
	LANES(R11)           \
whole:                 \
	VMOVDQU (SI), Y0     \
	VPSRLD  $15, Y0, Y1  \
	VPSRLD  $20, Y0, Y2  \
	VPSLLD  $16, Y2, Y2  \
	VPAND   Y11, Y1, Y1  \
	VPANDN  Y15, Y1, Y1  \
	VPAND   Y12, Y0, Y0  \
	VPADDD  Y14, Y2, Y2  \
	VPOR    Y0, Y2, Y2   \
	ADDQ    $32, SI

// INTO appends the entries of the block with that complement to its bucket.
#define INTO(block, end) \
	VPCMPEQD block, Y1, Y3 \
	EMIT(Y2, Y3, Y3, end)

// CLOSE stores the count of block k from DX on, DI being its beginning, which moves on to the next.
#define CLOSE(k, end) \
	SUBQ DI, end         \
	SHRQ $2, end         \
	MOVL end, (k*4)(DX)  \
	ADDQ BX, DI

// func scatterAVX2(found *uint32, hits int, count *uint32, blocks int, entries *uint32, stride, id int)
//
// In a pass over all hits up to four blocks are filled: of 8 hits those of one after the other are written to the
// end of its bucket.
TEXT ·scatterAVX2(SB), NOSPLIT, $0-56
	MOVQ         count+16(FP), DX
	MOVQ         blocks+24(FP), CX
	MOVQ         entries+32(FP), DI
	MOVQ         stride+40(FP), BX
	SHLQ         $2, BX
	MOVQ         id+48(FP), AX
	VMOVQ        AX, X14
	VPBROADCASTD X14, Y14
	VPCMPEQD     Y13, Y13, Y13
	VPSRLD       $17, Y13, Y12      // 0x7fff
	VPSRLD       $27, Y13, Y11      // 31
	VMOVDQA      Y13, Y4            // the blocks of the pass, as complements -1, -2, ..
	VPADDD       Y13, Y4, Y5
	VPADDD       Y13, Y5, Y6
	VPADDD       Y13, Y6, Y7
	LEAQ         ·compress(SB), R8

pass:
	MOVQ    found+0(FP), SI
	MOVQ    hits+8(FP), R11
	VMOVDQA Y13, Y15
	MOVQ    DI, AX
	CMPQ    CX, $2
	JLT     one
	JEQ     two
	CMPQ    CX, $4
	JLT     three
	OPEN(0, R9)
	OPEN(1, R10)
	OPEN(2, R12)
	OPEN(3, R15)

fours:
	ENTRIES(whole4)
	INTO(Y4, R9)
	INTO(Y5, R10)
	INTO(Y6, R12)
	INTO(Y7, R15)
	SUBQ   $8, R11
	JGT    fours
	CLOSE(0, R9)
	CLOSE(1, R10)
	CLOSE(2, R12)
	CLOSE(3, R15)
	VPSLLD $2, Y13, Y3
	VPADDD Y3, Y4, Y4
	VPADDD Y3, Y5, Y5
	VPADDD Y3, Y6, Y6
	VPADDD Y3, Y7, Y7
	ADDQ   $16, DX
	SUBQ   $4, CX
	JGT    pass
	VZEROUPPER
	RET

three:
	OPEN(0, R9)
	OPEN(1, R10)
	OPEN(2, R12)

threes:
	ENTRIES(whole3)
	INTO(Y4, R9)
	INTO(Y5, R10)
	INTO(Y6, R12)
	SUBQ $8, R11
	JGT  threes
	CLOSE(0, R9)
	CLOSE(1, R10)
	CLOSE(2, R12)
	VZEROUPPER
	RET

two:
	OPEN(0, R9)
	OPEN(1, R10)

twos:
	ENTRIES(whole2)
	INTO(Y4, R9)
	INTO(Y5, R10)
	SUBQ $8, R11
	JGT  twos
	CLOSE(0, R9)
	CLOSE(1, R10)
	VZEROUPPER
	RET

one:
	OPEN(0, R9)

ones:
	ENTRIES(whole1)
	INTO(Y4, R9)
	SUBQ $8, R11
	JGT  ones
	CLOSE(0, R9)
	VZEROUPPER
	RET
