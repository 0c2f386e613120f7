//go:build amd64 && !purego

package kernels

import "golang.org/x/sys/cpu"

// detect asks the processor. Package cpu reports AVX2, FMA and AVX-512 only if the
// operating system saves their registers (XGETBV).
func detect() features {
	x := &cpu.X86
	avx2 := x.HasAVX2 && x.HasFMA && x.HasBMI1 && x.HasBMI2 && x.HasPOPCNT
	avx512 := avx2 && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512CD && x.HasAVX512DQ && x.HasAVX512VL
	switch {
	case avx512:
		return features{AVX512, x.HasADX, x.HasAVX512IFMA}
	case avx2:
		return features{AVX2, x.HasADX, false}
	}
	return features{level: Plain}
}
