//go:build amd64 && !purego

#include "textflag.h"
#include "kernels_amd64.h"
#include "kernels_avx2_amd64.h"

// BELOW appends those of the positions x below Y8 to R10. It uses t, AX and R13.
#define BELOW(x, t) \
	VPSUBD Y8, x, t \
	EMIT(x, t, t, R10)

// func sieveLargeAVX2(block *uint8, size int, prime, root1, root2 *uint32, count, skip int, log uint8, found *uint32)
//
// First all positions in the block are found, 8 primes at a time: none in the lanes that are not in
// use, where the size is 0. Then log is added there, eight at a time: the last of them are at
// the byte behind the block.
TEXT ·sieveLargeAVX2(SB), NOSPLIT, $0-72
	MOVQ         block+0(FP), DI
	MOVQ         size+8(FP), AX
	MOVQ         prime+16(FP), SI
	MOVQ         root1+24(FP), DX
	MOVQ         root2+32(FP), CX
	MOVQ         count+40(FP), R9
	VMOVQ        AX, X9
	VPBROADCASTD X9, Y9
	MOVQ         skip+48(FP), AX
	VMOVQ        AX, X10
	VPBROADCASTD X10, Y10
	MOVQ         found+64(FP), R10
	MOVQ         R10, R11
	LEAQ         ·compress(SB), R8
	VMOVDQA      Y9, Y8
	XORL         R12, R12

eights:
	CMPQ    R9, $8
	JLT     few
	VMOVDQU (SI)(R12*4), Y0
	VMOVDQU (DX)(R12*4), Y2
	VMOVDQU (CX)(R12*4), Y3

loaded:
	VPMULLD Y10, Y0, Y0
	VPADDD  Y0, Y2, Y2
	VPADDD  Y0, Y3, Y3
	BELOW(Y2, Y4)
	BELOW(Y3, Y5)
	ADDQ    $8, R12
	SUBQ    $8, R9
	JGT     eights

	VMOVDQU Y9, (R10)
	MOVBLZX log+56(FP), BX

eight:
	PAIR(0, R8, R9)
	PAIR(8, R12, R13)
	PAIR(16, R8, R9)
	PAIR(24, R12, R13)
	ADDQ       $32, R11
	CMPQ       R11, R10
	JCS        eight
	VZEROUPPER
	RET

few:
	LANES(R9)
	VPAND      Y15, Y9, Y8
	VPMASKMOVD (SI)(R12*4), Y15, Y0
	VPMASKMOVD (DX)(R12*4), Y15, Y2
	VPMASKMOVD (CX)(R12*4), Y15, Y3
	JMP        loaded

// func matchAVX2(prime, root1, root2, inverse, most *uint32, count, position, first int, out *uint32) int
//
// The position is a root r modulo p exactly if p divides t = position + p - r, 0 < t < 2^32. As
// multiplication by 1/p permutes the numbers modulo 2^32 and takes the multiples of p to the
// numbers up to (2^32-1)/p, it takes t to one of those exactly then. Of the few primes that pass
// those are left out whose roots are not below them, as those of the coefficient, and 0.
TEXT ·matchAVX2(SB), NOSPLIT, $0-80
	MOVQ         prime+0(FP), DI
	MOVQ         root1+8(FP), SI
	MOVQ         root2+16(FP), DX
	MOVQ         inverse+24(FP), CX
	MOVQ         most+32(FP), BX
	MOVQ         count+40(FP), R9
	MOVQ         position+48(FP), AX
	VMOVQ        AX, X1
	VPBROADCASTD X1, Y1
	MOVQ         first+56(FP), AX
	VMOVQ        AX, X14
	VPBROADCASTD X14, Y14
	VPADDD       indices<>(SB), Y14, Y14
	MOVQ         out+64(FP), R10
	LEAQ         ·compress(SB), R8
	XORL         R12, R12

match:
	CMPQ    R9, $8
	JLT     few
	VMOVDQU (DI)(R12*4), Y0
	VMOVDQU (SI)(R12*4), Y5
	VMOVDQU (DX)(R12*4), Y6
	VMOVDQU (CX)(R12*4), Y3
	VMOVDQU (BX)(R12*4), Y4

loaded:
	VPADDD    Y0, Y1, Y2
	VPSUBD    Y5, Y2, Y7
	VPSUBD    Y6, Y2, Y6
	VPMULLD   Y3, Y7, Y7
	VPMULLD   Y3, Y6, Y6
	VPMINUD   Y4, Y7, Y8
	VPMINUD   Y4, Y6, Y9
	VPCMPEQD  Y8, Y7, Y7  // at most Y4
	VPCMPEQD  Y9, Y6, Y6
	VPOR      Y6, Y7, Y7
	VMOVMSKPS Y7, AX
	TESTL     AX, AX
	JNE       matched

unmatched:
	ADDQ       $8, R12
	SUBQ       $8, R9
	JGT        match
	SUBQ       out+64(FP), R10
	SHRQ       $2, R10
	MOVQ       R10, ret+72(FP)
	VZEROUPPER
	RET

matched:
	VPCMPGTD     Y5, Y0, Y0
	VPAND        Y0, Y7, Y7
	VMOVQ        R12, X8
	VPBROADCASTD X8, Y8
	VPADDD       Y14, Y8, Y8
	EMIT(Y8, Y7, Y9, R10)
	JMP unmatched

few:
	LANES(R9)
	VPMASKMOVD (DI)(R12*4), Y15, Y0
	VPMASKMOVD (SI)(R12*4), Y15, Y5
	VPMASKMOVD (DX)(R12*4), Y15, Y6
	VPMASKMOVD (CX)(R12*4), Y15, Y3
	VPMASKMOVD (BX)(R12*4), Y15, Y4
	JMP        loaded

// SAME sets m to all ones in those of the 8 entries off bytes from DI whose low bits are those of offset.
#define SAME(off, m) \
	VPAND    off(DI), Y2, m \
	VPCMPEQD Y1, m, m

// FOUND appends the places, counted from R11, of the 8 entries off bytes from DI with m. It uses Y7, AX
// and R13.
#define FOUND(off, m) \
	LEAQ         off(DI), AX              \
	SUBQ         R11, AX                  \
	SHRQ         $2, AX                   \
	VMOVQ        AX, X7                   \
	VPBROADCASTD X7, Y7                   \
	VPADDD       indices<>(SB), Y7, Y7    \
	EMIT(Y7, m, m, R10)

// func findAVX2(entries *uint32, count, offset int, out *uint32) int
//
// 32 entries at a time, as long as there are so many.
TEXT ·findAVX2(SB), NOSPLIT, $0-40
	MOVQ         entries+0(FP), DI
	MOVQ         DI, R11
	MOVQ         count+8(FP), R9
	MOVQ         offset+16(FP), AX
	VMOVQ        AX, X1
	VPBROADCASTD X1, Y1
	VPCMPEQD     Y2, Y2, Y2
	VPSRLD       $17, Y2, Y2   // 0x7fff
	MOVQ         out+24(FP), R10
	LEAQ         ·compress(SB), R8
	SUBQ         $32, R9
	JLT          few

many:
	SAME(0, Y3)
	SAME(32, Y4)
	SAME(64, Y5)
	SAME(96, Y6)
	VPOR      Y3, Y4, Y7
	VPOR      Y5, Y6, Y8
	VPOR      Y7, Y8, Y7
	VMOVMSKPS Y7, AX
	TESTL     AX, AX
	JNE       some

next:
	ADDQ $128, DI
	SUBQ $32, R9
	JGE  many

few:
	ADDQ $32, R9
	JLE  done

tail:
	LANES(R9)
	VPMASKMOVD (DI), Y15, Y3
	VPAND      Y3, Y2, Y3
	VPCMPEQD   Y1, Y3, Y3
	VPAND      Y15, Y3, Y3
	FOUND(0, Y3)
	ADDQ $32, DI
	SUBQ $8, R9
	JGT  tail

done:
	SUBQ       out+24(FP), R10
	SHRQ       $2, R10
	MOVQ       R10, ret+32(FP)
	VZEROUPPER
	RET

some:
	FOUND(0, Y3)
	FOUND(32, Y4)
	FOUND(64, Y5)
	FOUND(96, Y6)
	JMP next

// func topAVX2(block *uint8, from, size int) int
TEXT ·topAVX2(SB), NOSPLIT, $0-32
	MOVQ block+0(FP), DI
	MOVQ from+8(FP), SI
	MOVQ size+16(FP), DX
	LEAQ -256(DX), CX
	CMPQ SI, CX
	JGT  lines

quads:
	VMOVDQU   (DI)(SI*1), Y1
	VPOR      32(DI)(SI*1), Y1, Y1
	VMOVDQU   64(DI)(SI*1), Y2
	VPOR      96(DI)(SI*1), Y2, Y2
	VPOR      128(DI)(SI*1), Y1, Y1
	VPOR      160(DI)(SI*1), Y2, Y2
	VPOR      192(DI)(SI*1), Y1, Y1
	VPOR      224(DI)(SI*1), Y2, Y2
	VPOR      Y1, Y2, Y2
	VPMOVMSKB Y2, AX
	TESTL     AX, AX
	JNE       lines
	ADDQ      $256, SI
	CMPQ      SI, CX
	JLE       quads

lines:
	CMPQ      SI, DX
	JGE       top
	VMOVDQU   (DI)(SI*1), Y1
	VPOR      32(DI)(SI*1), Y1, Y1
	VPMOVMSKB Y1, AX
	TESTL     AX, AX
	JNE       top
	ADDQ      $64, SI
	JMP       lines

top:
	MOVQ       SI, ret+24(FP)
	VZEROUPPER
	RET
