//go:build amd64 && !purego

#include "textflag.h"
#include "kernels_amd64.h"
#include "kernels_avx512_amd64.h"

// func sieveLargeAVX512(block *uint8, size int, prime, root1, root2 *uint32, count, skip int, log uint8, found *uint32)
//
// First all positions in the block are found, 16 primes at a time. Then log is added there,
// eight at a time: the last of them are at the byte behind the block.
TEXT ·sieveLargeAVX512(SB), NOSPLIT, $0-72
	MOVQ         block+0(FP), DI
	MOVQ         size+8(FP), AX
	MOVQ         prime+16(FP), SI
	MOVQ         root1+24(FP), DX
	MOVQ         root2+32(FP), CX
	MOVQ         count+40(FP), R8
	VPBROADCASTD AX, Z30
	MOVQ         skip+48(FP), AX
	VPBROADCASTD AX, Z29
	MOVQ         found+64(FP), R10
	MOVQ         R10, R11
	XORL         R12, R12

sixteen:
	LANES(R8)
	VMOVDQU32.Z (SI)(R12*4), K7, Z0
	VMOVDQU32.Z (DX)(R12*4), K7, Z2
	VMOVDQU32.Z (CX)(R12*4), K7, Z3
	VPMULLD     Z29, Z0, Z0
	VPADDD      Z0, Z2, Z2
	VPADDD      Z0, Z3, Z3
	VPCMPUD     $1, Z30, Z2, K7, K1
	VPCMPUD     $1, Z30, Z3, K7, K2
	EMIT(Z2, K1, Z4)
	EMIT(Z3, K2, Z5)
	ADDQ        $16, R12
	SUBQ        $16, R8
	JGT         sixteen

	VMOVDQU32 Z30, (R10)
	MOVBLZX   log+56(FP), BX

eight:
	PAIR(0, R8, R9)
	PAIR(8, R12, R13)
	PAIR(16, R8, R9)
	PAIR(24, R12, R13)
	ADDQ $32, R11
	CMPQ R11, R10
	JCS  eight
	VZEROUPPER
	RET

// func matchAVX512(prime, root1, root2, inverse, most *uint32, count, position, first int, out *uint32) int
//
// The position is a root r modulo p exactly if p divides t = position + p - r, 0 < t < 2^32. As
// multiplication by 1/p permutes the numbers modulo 2^32 and takes the multiples of p to the
// numbers up to (2^32-1)/p, it takes t to one of those exactly then.
TEXT ·matchAVX512(SB), NOSPLIT, $0-80
	MOVQ         prime+0(FP), DI
	MOVQ         root1+8(FP), SI
	MOVQ         root2+16(FP), DX
	MOVQ         inverse+24(FP), CX
	MOVQ         most+32(FP), R9
	MOVQ         count+40(FP), R8
	MOVQ         position+48(FP), AX
	VPBROADCASTD AX, Z1
	MOVQ         first+56(FP), AX
	VPBROADCASTD AX, Z29
	VPADDD       indices<>(SB), Z29, Z29
	MOVQ         out+64(FP), R10
	MOVL         $-1, AX
	KMOVW        AX, K7
	XORL         R12, R12

match:
	CMPQ R8, $16
	JGE  full
	LANES(R8)

full:
	VMOVDQU32.Z (DI)(R12*4), K7, Z0
	VMOVDQU32.Z (SI)(R12*4), K7, Z5
	VMOVDQU32.Z (DX)(R12*4), K7, Z6
	VMOVDQU32.Z (CX)(R12*4), K7, Z3
	VMOVDQU32.Z (R9)(R12*4), K7, Z4
	VPCMPUD     $1, Z0, Z5, K3         // there are roots: not so where p is 0 or 1
	VPADDD      Z0, Z1, Z2
	VPSUBD      Z5, Z2, Z5
	VPSUBD      Z6, Z2, Z6
	VPMULLD     Z3, Z5, Z5
	VPMULLD     Z3, Z6, Z6
	VPCMPUD     $2, Z4, Z5, K3, K1
	VPCMPUD     $2, Z4, Z6, K3, K2
	KORTESTW    K1, K2
	JNE         matched

unmatched:
	ADDQ $16, R12
	SUBQ $16, R8
	JGT  match
	SUBQ out+64(FP), R10
	SHRQ $2, R10
	MOVQ R10, ret+72(FP)
	VZEROUPPER
	RET

matched:
	KORW         K1, K2, K1
	VPBROADCASTD R12, Z7
	VPADDD       Z29, Z7, Z7
	EMIT(Z7, K1, Z8)
	JMP          unmatched

// PLACES sets z to the places, counted from R11, of the 16 entries off bytes from DI. It uses AX.
#define PLACES(off, z) \
	LEAQ         off(DI), AX           \
	SUBQ         R11, AX               \
	SHRQ         $2, AX                \
	VPBROADCASTD AX, z                 \
	VPADDD       Z29, z, z

// func findAVX512(entries *uint32, count, offset int, out *uint32) int
//
// 32 entries at a time, as long as there are so many.
TEXT ·findAVX512(SB), NOSPLIT, $0-40
	MOVQ         entries+0(FP), DI
	MOVQ         DI, R11
	MOVQ         count+8(FP), R8
	MOVQ         offset+16(FP), AX
	VPBROADCASTD AX, Z1
	MOVL         $0x7fff, AX
	VPBROADCASTD AX, Z2
	VMOVDQU32    indices<>(SB), Z29
	MOVQ         out+24(FP), R10
	SUBQ         $32, R8
	JLT          few

many:
	VPXORD    (DI), Z1, Z3
	VPXORD    64(DI), Z1, Z4
	VPTESTNMD Z2, Z3, K1 // the low bits are those of offset
	VPTESTNMD Z2, Z4, K2
	KORTESTW  K1, K2
	JNE       some

next:
	ADDQ $128, DI
	SUBQ $32, R8
	JGE  many

few:
	ADDQ $32, R8
	JLE  done

tail:
	LANES(R8)
	VMOVDQU32.Z (DI), K7, Z3
	VPXORD      Z1, Z3, Z3
	VPTESTNMD   Z2, Z3, K7, K1
	PLACES(0, Z3)
	EMIT(Z3, K1, Z5)
	ADDQ        $64, DI
	SUBQ        $16, R8
	JGT         tail

done:
	SUBQ out+24(FP), R10
	SHRQ $2, R10
	MOVQ R10, ret+32(FP)
	VZEROUPPER
	RET

some:
	PLACES(0, Z3)
	PLACES(64, Z4)
	EMIT(Z3, K1, Z5)
	EMIT(Z4, K2, Z6)
	JMP    next

// func topAVX512(block *uint8, from, size int) int
TEXT ·topAVX512(SB), NOSPLIT, $0-32
	MOVQ block+0(FP), DI
	MOVQ from+8(FP), SI
	MOVQ size+16(FP), DX
	VPXORQ Z0, Z0, Z0
	LEAQ -256(DX), CX
	CMPQ SI, CX
	JGT  lines

quads:
	VMOVDQU64 (DI)(SI*1), Z1
	VPORQ     64(DI)(SI*1), Z1, Z1
	VMOVDQU64 128(DI)(SI*1), Z2
	VPORQ     192(DI)(SI*1), Z2, Z2
	VPORQ     Z1, Z2, Z2
	VPMOVB2M  Z2, K1
	KORTESTQ  K1, K1
	JNE       lines
	ADDQ      $256, SI
	CMPQ      SI, CX
	JLE       quads

lines:
	CMPQ SI, DX
	JGE  top
	VMOVDQU64 (DI)(SI*1), Z1
	VPMOVB2M  Z1, K1
	KORTESTQ  K1, K1
	JNE  top
	ADDQ $64, SI
	JMP  lines

top:
	MOVQ SI, ret+24(FP)
	VZEROUPPER
	RET
