//go:build amd64 && !purego

#include "textflag.h"

// A vec takes 16 bytes, table t[k] 4096 bytes.

// INDEX sets a to 16 times the lowest byte of AX, and moves AX on by a byte.
#define INDEX(a) \
	MOVBLZX AX, a \
	SHRQ    $8, AX \
	SHLL    $4, a

// func addProductsAVX2(t *table, z *vec, x *uint64, count int)
TEXT ·addProductsAVX2(SB), NOSPLIT, $0-32
	MOVQ t+0(FP), DI
	MOVQ z+8(FP), SI
	MOVQ x+16(FP), DX
	MOVQ count+24(FP), CX

products:
	MOVQ    (DX), AX
	VMOVDQU (SI), X0
	INDEX(R8)
	INDEX(R9)
	VMOVDQU (DI)(R8*1), X1
	VPXOR   4096(DI)(R9*1), X0, X0
	INDEX(R10)
	INDEX(R11)
	VPXOR   8192(DI)(R10*1), X1, X1
	VPXOR   12288(DI)(R11*1), X0, X0
	INDEX(R8)
	INDEX(R9)
	VPXOR   16384(DI)(R8*1), X1, X1
	VPXOR   20480(DI)(R9*1), X0, X0
	INDEX(R10)
	SHLL    $4, AX
	VPXOR   24576(DI)(R10*1), X1, X1
	VPXOR   28672(DI)(AX*1), X0, X0
	VPXOR   X1, X0, X0
	VMOVDQU X0, (SI)
	ADDQ    $16, DX
	ADDQ    $16, SI
	DECQ    CX
	JNZ     products
	VZEROUPPER
	RET

// ADD adds X0 to the vec at byte a of the table t[k], which begins at offset = 4096*k. It changes x.
#define ADD(offset, a, x) \
	VPXOR   offset(DI)(a*1), X0, x \
	VMOVDQU x, offset(DI)(a*1)

// func addInnerAVX2(t *table, x *uint64, y *vec, count int)
TEXT ·addInnerAVX2(SB), NOSPLIT, $0-32
	MOVQ t+0(FP), DI
	MOVQ x+8(FP), DX
	MOVQ y+16(FP), SI
	MOVQ count+24(FP), CX

inner:
	MOVQ    (DX), AX
	VMOVDQU (SI), X0
	INDEX(R8)
	INDEX(R9)
	ADD(0, R8, X1)
	ADD(4096, R9, X2)
	INDEX(R10)
	INDEX(R11)
	ADD(8192, R10, X3)
	ADD(12288, R11, X4)
	INDEX(R8)
	INDEX(R9)
	ADD(16384, R8, X5)
	ADD(20480, R9, X6)
	INDEX(R10)
	SHLL    $4, AX
	ADD(24576, R10, X7)
	ADD(28672, AX, X8)
	ADDQ    $16, DX
	ADDQ    $16, SI
	DECQ    CX
	JNZ     inner
	VZEROUPPER
	RET

// func addImageAVX2(light *vec, entries, ends *uint32, start int, v *vec, count int)
TEXT ·addImageAVX2(SB), NOSPLIT, $0-48
	MOVQ light+0(FP), DI
	MOVQ entries+8(FP), SI
	MOVQ ends+16(FP), R8
	MOVQ start+24(FP), AX
	MOVQ v+32(FP), R9
	MOVQ count+40(FP), CX
	LEAQ (SI)(AX*4), R10 // the next entry

imageRow:
	MOVL    (R8), BX
	LEAQ    (SI)(BX*4), R11 // behind the last entry of the row
	VMOVDQU (R9), X0
	CMPQ    R10, R11
	JEQ     imageNext

imageEntry:
	MOVL    (R10), DX
	SHLQ    $4, DX
	VPXOR   (DI)(DX*1), X0, X1
	VMOVDQU X1, (DI)(DX*1)
	ADDQ    $4, R10
	CMPQ    R10, R11
	JNE     imageEntry

imageNext:
	ADDQ $4, R8
	ADDQ $16, R9
	DECQ CX
	JNZ  imageRow
	VZEROUPPER
	RET

// func preimageAVX2(light *vec, entries, ends *uint32, start int, z *vec, count int)
TEXT ·preimageAVX2(SB), NOSPLIT, $0-48
	MOVQ light+0(FP), DI
	MOVQ entries+8(FP), SI
	MOVQ ends+16(FP), R8
	MOVQ start+24(FP), AX
	MOVQ z+32(FP), R9
	MOVQ count+40(FP), CX
	LEAQ (SI)(AX*4), R10 // the next entry

preimageRow:
	MOVL  (R8), BX
	LEAQ  (SI)(BX*4), R11 // behind the last entry of the row
	VPXOR X0, X0, X0
	VPXOR X1, X1, X1
	LEAQ  -4(R11), R12    // the last entry
	CMPQ  R10, R12
	JCC   preimageLast

preimagePair:
	MOVL  (R10), DX
	MOVL  4(R10), AX
	SHLQ  $4, DX
	SHLQ  $4, AX
	VPXOR (DI)(DX*1), X0, X0
	VPXOR (DI)(AX*1), X1, X1
	ADDQ  $8, R10
	CMPQ  R10, R12
	JCS   preimagePair

preimageLast:
	CMPQ  R10, R11
	JEQ   preimageNext
	MOVL  (R10), DX
	SHLQ  $4, DX
	VPXOR (DI)(DX*1), X0, X0
	ADDQ  $4, R10

preimageNext:
	VPXOR   X1, X0, X0
	VMOVDQU X0, (R9)
	ADDQ    $4, R8
	ADDQ    $16, R9
	DECQ    CX
	JNZ     preimageRow
	VZEROUPPER
	RET
