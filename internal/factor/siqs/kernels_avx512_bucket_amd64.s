//go:build amd64 && !purego

#include "textflag.h"
#include "kernels_amd64.h"
#include "kernels_avx512_amd64.h"

// OPEN sets end to the end of the bucket of block k from DX on, AX being its beginning, which moves on to the next.
#define OPEN(k, end) \
	MOVL (k*4)(DX), end     \
	LEAQ (AX)(end*4), end   \
	ADDQ R11, AX

// ENTRIES makes the next hits: their entries Z2 and blocks Z1. 0xf8 is for Z0 | Z2&Z28.
#define ENTRIES(whole) \
	CMPQ        R8, $16            \
	JGE         whole              \
	LANES(R8)                      \
whole:                           \
	VMOVDQU32.Z (SI), K7, Z0       \
	VPSRLD      $15, Z0, Z1        \
	VPSRLD      $4, Z0, Z2         \
	VPANDD      Z29, Z1, Z1        \
	VPANDD      Z30, Z0, Z0        \
	VPTERNLOGD  $0xf8, Z28, Z2, Z0 \
	VPADDD      Z31, Z0, Z2        \
	ADDQ        $64, SI

// INTO appends the entries of the block to its bucket.
#define INTO(block, end) \
	VPCMPEQD block, Z1, K7, K1 \
	EMITTO(Z2, K1, Z4, end)

// CLOSE stores the count of block k from DX on, DI being its beginning, which moves on to the next.
#define CLOSE(k, end) \
	SUBQ DI, end         \
	SHRQ $2, end         \
	MOVL end, (k*4)(DX)  \
	ADDQ R11, DI

// func scatterAVX512(found *uint32, hits int, count *uint32, blocks int, entries *uint32, stride, id int)
//
// In a pass over all hits up to four blocks are filled: of 16 hits those of one after the other are written to the
// end of its bucket.
TEXT ·scatterAVX512(SB), NOSPLIT, $0-56
	MOVQ         count+16(FP), DX
	MOVQ         blocks+24(FP), CX
	MOVQ         entries+32(FP), DI
	MOVQ         stride+40(FP), R11
	SHLQ         $2, R11
	MOVQ         id+48(FP), AX
	VPBROADCASTD AX, Z31
	MOVL         $0x7fff, AX
	VPBROADCASTD AX, Z30
	MOVL         $31, AX
	VPBROADCASTD AX, Z29
	MOVL         $0xffff0000, AX
	VPBROADCASTD AX, Z28
	MOVL         $1, AX
	VPBROADCASTD AX, Z5
	VPXORD       Z16, Z16, Z16 // the blocks of the pass
	VPADDD       Z5, Z16, Z17
	VPADDD       Z5, Z17, Z18
	VPADDD       Z5, Z18, Z19
	VPADDD       Z5, Z19, Z20

pass:
	MOVQ  found+0(FP), SI
	MOVQ  hits+8(FP), R8
	MOVL  $-1, AX
	KMOVW AX, K7
	MOVQ  DI, AX
	CMPQ  CX, $2
	JLT   one
	JEQ   two
	CMPQ  CX, $4
	JLT   three
	OPEN(0, R9)
	OPEN(1, R10)
	OPEN(2, R12)
	OPEN(3, R15)

fours:
	ENTRIES(whole4)
	INTO(Z16, R9)
	INTO(Z17, R10)
	INTO(Z18, R12)
	INTO(Z19, R15)
	SUBQ   $16, R8
	JGT    fours
	CLOSE(0, R9)
	CLOSE(1, R10)
	CLOSE(2, R12)
	CLOSE(3, R15)
	VPADDD Z20, Z16, Z16
	VPADDD Z20, Z17, Z17
	VPADDD Z20, Z18, Z18
	VPADDD Z20, Z19, Z19
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
	INTO(Z16, R9)
	INTO(Z17, R10)
	INTO(Z18, R12)
	SUBQ $16, R8
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
	INTO(Z16, R9)
	INTO(Z17, R10)
	SUBQ $16, R8
	JGT  twos
	CLOSE(0, R9)
	CLOSE(1, R10)
	VZEROUPPER
	RET

one:
	OPEN(0, R9)

ones:
	ENTRIES(whole1)
	INTO(Z16, R9)
	SUBQ $16, R8
	JGT  ones
	CLOSE(0, R9)
	VZEROUPPER
	RET
