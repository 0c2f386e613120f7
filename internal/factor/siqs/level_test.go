package siqs

import (
	"testing"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/kernels/kernelstest"
)

// onLevel runs f at that level.
func onLevel(l kernels.Level, f func()) {
	defer kernels.Use(kernels.Use(l))
	f()
}

// eachLevel runs f at each level that has kernels.
func eachLevel(t *testing.T, f func(t *testing.T)) {
	for _, l := range kernels.Levels[1:] {
		t.Run(l.String(), func(t *testing.T) {
			kernelstest.At(t, l)
			f(t)
		})
	}
}
