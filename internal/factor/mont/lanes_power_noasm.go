//go:build !amd64 || purego

package mont

var strongKernels, lucasKernels [4]powerKernel

var strongVectors, lucasVectors [vectorKindCount]vectorKernel
