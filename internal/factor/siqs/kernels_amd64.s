//go:build amd64 && !purego

#include "textflag.h"
#include "kernels_amd64.h"

// INDICES is 0, 1, .. 15.
DATA indices<>+0(SB)/4, $0
DATA indices<>+4(SB)/4, $1
DATA indices<>+8(SB)/4, $2
DATA indices<>+12(SB)/4, $3
DATA indices<>+16(SB)/4, $4
DATA indices<>+20(SB)/4, $5
DATA indices<>+24(SB)/4, $6
DATA indices<>+28(SB)/4, $7
DATA indices<>+32(SB)/4, $8
DATA indices<>+36(SB)/4, $9
DATA indices<>+40(SB)/4, $10
DATA indices<>+44(SB)/4, $11
DATA indices<>+48(SB)/4, $12
DATA indices<>+52(SB)/4, $13
DATA indices<>+56(SB)/4, $14
DATA indices<>+60(SB)/4, $15
GLOBL indices<>(SB), RODATA|NOPTR, $64

// MOVE loads the roots at ptr, subtracts Z1 modulo the primes Z0 and stores them: z. It uses t.
#define MOVE(ptr, z, t) \
	VMOVDQU32.Z (ptr)(R12*4), K7, z \
	VPSUBD      Z1, z, z            \
	VPADDD      Z0, z, t            \
	VPMINUD     t, z, z             \
	VMOVDQU32   z, K7, (ptr)(R12*4)

// func moveLanes(prime, root1, root2, step *uint32, count, up int)
TEXT ·moveLanes(SB), NOSPLIT, $0-48
	MOVQ  prime+0(FP), DI
	MOVQ  root1+8(FP), SI
	MOVQ  root2+16(FP), DX
	MOVQ  step+24(FP), CX
	MOVQ  count+32(FP), R8
	MOVQ  up+40(FP), AX
	NEGQ  AX
	KMOVW AX, K6
	XORL  R12, R12

moves:
	LANES(R8)
	VMOVDQU32.Z (DI)(R12*4), K7, Z0
	VMOVDQU32.Z (CX)(R12*4), K7, Z1
	VPSUBD      Z1, Z0, K6, Z1
	MOVE(SI, Z2, Z4)
	MOVE(DX, Z3, Z5)
	ADDQ $16, R12
	SUBQ $16, R8
	JGT  moves
	VZEROUPPER
	RET

// func hitsLanes(prime, root1, root2, step *uint32, count, up, trips, interval int, found *uint32) int
TEXT ·hitsLanes(SB), NOSPLIT, $0-80
	MOVQ         prime+0(FP), DI
	MOVQ         root1+8(FP), SI
	MOVQ         root2+16(FP), DX
	MOVQ         step+24(FP), CX
	MOVQ         count+32(FP), R8
	MOVQ         up+40(FP), AX
	NEGQ         AX
	KMOVW        AX, K6
	MOVQ         trips+48(FP), R9
	MOVQ         interval+56(FP), AX
	VPBROADCASTD AX, Z30
	MOVQ         found+64(FP), R10
	VMOVDQU32    indices<>(SB), Z29
	VPSLLD       $20, Z29, Z29
	MOVL         $(16<<20), AX
	VPBROADCASTD AX, Z28
	XORL         R12, R12

primes:
	LANES(R8)
	VMOVDQU32.Z (DI)(R12*4), K7, Z0
	VMOVDQU32.Z (CX)(R12*4), K7, Z1
	VPSUBD      Z1, Z0, K6, Z1
	MOVE(SI, Z2, Z4)
	MOVE(DX, Z3, Z5)
	MOVQ R9, BX

trips:
	VPCMPUD $1, Z30, Z2, K7, K1 // x < interval
	VPCMPUD $1, Z30, Z3, K7, K2
	VPORD   Z29, Z2, Z6
	VPORD   Z29, Z3, Z7
	EMIT(Z6, K1, Z8)
	EMIT(Z7, K2, Z9)
	VPADDD  Z0, Z2, Z2
	VPADDD  Z0, Z3, Z3
	SUBQ    $1, BX
	JGE     trips
	VPADDD  Z28, Z29, Z29
	ADDQ    $16, R12
	SUBQ    $16, R8
	JGT     primes
	SUBQ    found+64(FP), R10
	SHRQ    $2, R10
	MOVQ    R10, ret+72(FP)
	VZEROUPPER
	RET

// TURN subtracts the step, or the rest of it to the primes Z0 if up, from the roots Z2 and Z3
// modulo the primes, and appends the hits to out: the key Z29 and a position below Z30. It uses
// Z4 to Z8, K1, K2 and AX.
#define TURN(step, up, out) \
	VMOVDQA32 step, Z4              \
	VPSUBD    step, Z0, up, Z4      \
	VPSUBD    Z4, Z2, Z2            \
	VPSUBD    Z4, Z3, Z3            \
	VPADDD    Z0, Z2, Z5            \
	VPADDD    Z0, Z3, Z6            \
	VPMINUD   Z5, Z2, Z2            \
	VPMINUD   Z6, Z3, Z3            \
	VPCMPUD   $1, Z30, Z2, K7, K1   \
	VPCMPUD   $1, Z30, Z3, K7, K2   \
	VPORD     Z29, Z2, Z5           \
	VPORD     Z29, Z3, Z6           \
	EMITTO(Z5, K1, Z7, out)         \
	EMITTO(Z6, K2, Z8, out)

// foundBytes is the distance of the results of two turns.
#define foundBytes ((1<<13)+16)*4

// COUNTED stores the number of words from R13 + k*foundBytes up to out in number k at CX.
#define COUNTED(k, out) \
	SUBQ R13, out              \
	SUBQ $(k*foundBytes), out  \
	SHRQ $2, out               \
	MOVQ out, (k*8)(CX)

// func hitsAheadLanes(prime, root1, root2, step0, step1, step2 *uint32, count, up, interval int, found *uint32, hits *int)
TEXT ·hitsAheadLanes(SB), NOSPLIT, $0-88
	MOVQ         prime+0(FP), DI
	MOVQ         root1+8(FP), SI
	MOVQ         root2+16(FP), DX
	MOVQ         step0+24(FP), CX
	MOVQ         step1+32(FP), R9
	MOVQ         step2+40(FP), BX
	MOVQ         count+48(FP), R8
	MOVQ         up+56(FP), R12
	MOVQ         R12, AX
	ANDL         $1, AX
	NEGL         AX
	KMOVW        AX, K3
	MOVQ         R12, AX
	SHRL         $1, AX
	ANDL         $1, AX
	NEGL         AX
	KMOVW        AX, K4
	MOVQ         R12, AX
	SHRL         $2, AX
	ANDL         $1, AX
	NEGL         AX
	KMOVW        AX, K5
	SHRL         $3, R12
	NEGL         R12
	KMOVW        R12, K6
	MOVQ         interval+64(FP), AX
	VPBROADCASTD AX, Z30
	VMOVDQU32    indices<>(SB), Z29
	VPSLLD       $20, Z29, Z29
	MOVL         $(16<<20), AX
	VPBROADCASTD AX, Z28
	MOVQ         found+72(FP), R10
	LEAQ         foundBytes(R10), R11
	LEAQ         (2*foundBytes)(R10), R14
	LEAQ         (3*foundBytes)(R10), R15
	MOVL         $-1, AX
	KMOVW        AX, K7
	XORL         R12, R12

ahead:
	CMPQ R8, $16
	JGE  whole
	LANES(R8)

whole:
	PREFETCHT0  1024(DI)(R12*4)
	PREFETCHT0  1024(SI)(R12*4)
	PREFETCHT0  1024(DX)(R12*4)
	PREFETCHT0  1024(CX)(R12*4)
	PREFETCHT0  1024(R9)(R12*4)
	PREFETCHT0  1024(BX)(R12*4)
	VMOVDQU32.Z (DI)(R12*4), K7, Z0
	VMOVDQU32.Z (SI)(R12*4), K7, Z2
	VMOVDQU32.Z (DX)(R12*4), K7, Z3
	VMOVDQU32.Z (CX)(R12*4), K7, Z9
	VMOVDQU32.Z (R9)(R12*4), K7, Z10
	VMOVDQU32.Z (BX)(R12*4), K7, Z11
	TURN(Z9, K3, R10)
	TURN(Z10, K4, R11)
	TURN(Z11, K5, R14)
	TURN(Z10, K6, R15)
	VMOVDQU32   Z2, K7, (SI)(R12*4)
	VMOVDQU32   Z3, K7, (DX)(R12*4)
	VPADDD      Z28, Z29, Z29
	ADDQ        $16, R12
	SUBQ        $16, R8
	JGT         ahead
	MOVQ        found+72(FP), R13
	MOVQ        hits+80(FP), CX
	COUNTED(0, R10)
	COUNTED(1, R11)
	COUNTED(2, R14)
	COUNTED(3, R15)
	VZEROUPPER
	RET

// func scatterLanes(found *uint32, hits int, count *uint32, blocks int, entries *uint32, room, stride, id int)
//
// Of 16 hits those of one block after the other are written to the end of its bucket.
TEXT ·scatterLanes(SB), NOSPLIT, $0-64
	MOVQ         found+0(FP), SI
	MOVQ         hits+8(FP), R8
	MOVQ         room+40(FP), R9
	MOVQ         stride+48(FP), R11
	SHLQ         $2, R11
	MOVQ         id+56(FP), AX
	VPBROADCASTD AX, Z31
	MOVL         $0x7fff, AX
	VPBROADCASTD AX, Z30
	MOVL         $31, AX
	VPBROADCASTD AX, Z29
	MOVL         $1, AX
	VPBROADCASTD AX, Z28

hits:
	LANES(R8)
	VMOVDQU32.Z (SI), K7, Z0
	VPSRLD      $15, Z0, Z1
	VPSRLD      $20, Z0, Z2
	VPSLLD      $15, Z2, Z2
	VPANDD      Z29, Z1, Z1 // block
	VPANDD      Z30, Z0, Z0
	VPADDD      Z31, Z2, Z2
	VPORD       Z0, Z2, Z2  // entry
	VPXORD      Z3, Z3, Z3  // number of the block
	MOVQ        count+16(FP), DX
	MOVQ        blocks+24(FP), CX
	MOVQ        entries+32(FP), DI

blocks:
	VPCMPEQD    Z1, Z3, K7, K1
	VPADDD      Z28, Z3, Z3
	VPCOMPRESSD Z2, K1, Z4
	KMOVW       K1, BX
	MOVL        (DX), R10
	CMPQ        R10, R9
	MOVQ        R10, R12
	CMOVQHI     R9, R12
	VMOVDQU32   Z4, (DI)(R12*4)
	POPCNTL     BX, BX
	ADDL        BX, R10
	MOVL        R10, (DX)
	ADDQ        $4, DX
	ADDQ        R11, DI
	DECQ        CX
	JNZ         blocks
	ADDQ        $64, SI
	SUBQ        $16, R8
	JGT         hits
	VZEROUPPER
	RET

// ADD2 adds AX at the positions of two entries.
#define ADD2(off, a, b) \
	MOVQ off(SI), a     \
	MOVL a, b           \
	SHRQ $32, a         \
	ANDL $0x7fff, b     \
	ANDL $0x7fff, a     \
	ADDB AX, (DI)(b*1)  \
	ADDB AX, (DI)(a*1)

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
	MOVL (SI), R8
	ANDL $0x7fff, R8
	ADDB AX, (DI)(R8*1)
	ADDQ $4, SI
	DECQ CX
	JNZ  singles

added:
	RET

// func matchLanes(prime, root1, root2, inverse, most *uint32, count, position, first int, out *uint32) int
//
// The position is a root r modulo p exactly if p divides t = position + p - r, 0 < t < 2^32. As
// multiplication by 1/p permutes the numbers modulo 2^32 and takes the multiples of p to the
// numbers up to (2^32-1)/p, it takes t to one of those exactly then.
TEXT ·matchLanes(SB), NOSPLIT, $0-80
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

// func findLanes(entries *uint32, count, offset int, out *uint32) int
//
// 32 entries at a time, as long as there are so many.
TEXT ·findLanes(SB), NOSPLIT, $0-40
	MOVQ         entries+0(FP), DI
	MOVQ         count+8(FP), R8
	MOVQ         offset+16(FP), AX
	VPBROADCASTD AX, Z1
	MOVL         $0x7fff, AX
	VPBROADCASTD AX, Z2
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
	VPSRLD      $15, Z3, Z3
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
	VPSRLD $15, Z3, Z3
	VPSRLD $15, Z4, Z4
	EMIT(Z3, K1, Z5)
	EMIT(Z4, K2, Z6)
	JMP    next

// func topLanes(block *uint8, from, size int) int
TEXT ·topLanes(SB), NOSPLIT, $0-32
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
