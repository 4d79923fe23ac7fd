#include "textflag.h"

// The factors of the bytes of a row, by their place, and sixteen ones.
DATA places<>+0(SB)/8, $0x191a1b1c1d1e1f20
DATA places<>+8(SB)/8, $0x1112131415161718
DATA places<>+16(SB)/8, $0x090a0b0c0d0e0f10
DATA places<>+24(SB)/8, $0x0102030405060708
GLOBL places<>(SB), RODATA|NOPTR, $32

DATA ones<>+0(SB)/8, $0x0001000100010001
DATA ones<>+8(SB)/8, $0x0001000100010001
DATA ones<>+16(SB)/8, $0x0001000100010001
DATA ones<>+24(SB)/8, $0x0001000100010001
GLOBL ones<>(SB), RODATA|NOPTR, $32

// func sumRows(p *byte, n int) (sum, before, placed uint64)
//
// Y1 and Y2 are sum and before, in four lanes of 64 bits. Y3 is placed, in eight lanes of 32
// bits: a row adds at most 255*(32+31+30+29) to one, the rows of a block 1.02e9.
TEXT ·sumRows(SB), NOSPLIT, $0-40
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	VMOVDQU places<>(SB), Y4
	VMOVDQU ones<>(SB), Y5

row:
	VMOVDQU (SI), Y6
	VPADDQ Y1, Y2, Y2
	VPSADBW Y0, Y6, Y7        // the sums of eight bytes each
	VPADDQ Y7, Y1, Y1
	VPMADDUBSW Y4, Y6, Y6     // byte by place, in pairs of at most 255*(32+31)
	VPMADDWD Y5, Y6, Y6       // the sums of two pairs each
	VPADDD Y6, Y3, Y3
	ADDQ $32, SI
	SUBQ $32, CX
	JNZ row

	// The lanes of placed become four of 64 bits, then all lanes become one.
	VPSRLQ $32, Y3, Y6
	VPSLLQ $32, Y3, Y3
	VPSRLQ $32, Y3, Y3
	VPADDQ Y6, Y3, Y3
	VEXTRACTI128 $1, Y1, X6
	VPADDQ X6, X1, X1
	VPSRLDQ $8, X1, X6
	VPADDQ X6, X1, X1
	VEXTRACTI128 $1, Y2, X6
	VPADDQ X6, X2, X2
	VPSRLDQ $8, X2, X6
	VPADDQ X6, X2, X2
	VEXTRACTI128 $1, Y3, X6
	VPADDQ X6, X3, X3
	VPSRLDQ $8, X3, X6
	VPADDQ X6, X3, X3
	VMOVQ X1, sum+16(FP)
	VMOVQ X2, before+24(FP)
	VMOVQ X3, placed+32(FP)
	VZEROUPPER
	RET
