package test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/kernels"
)

// BenchmarkCurves measures elliptic curves modulo one large number, at every kernel level of the
// machine, and those of GMP-ECM if it is installed. The metrics are user time a curve in milliseconds,
// with B1 = 50,000, and the ratio to GMP-ECM in the same run. B2 is 5*10^6 for the engine, and the
// default of GMP-ECM, 1.27*10^7.
func BenchmarkCurves(b *testing.B) {
	const b1, b2 = 50_000, 5_000_000
	for _, digits := range []int{100, 150} {
		n := unfactored(digits)
		for _, l := range kernels.Levels {
			if l > kernels.Best() {
				b.Logf("NOT TESTED: no kernels of level %v", l)
				continue
			}
			b.Run(fmt.Sprintf("digits=%d/%v", digits, l), func(b *testing.B) {
				defer kernels.Use(kernels.Use(l))
				for b.Loop() {
					here := curvesHere(b, n, b1, b2)
					b.ReportMetric(1000*here.Seconds(), "user-ms/curve")
					if there, ok := curvesThere(b, n, b1); ok {
						b.ReportMetric(1000*there.Seconds(), "gmp-ecm-ms/curve")
						b.ReportMetric(here.Seconds()/there.Seconds(), "of-gmp-ecm")
					}
				}
			})
		}
	}
}

// unfactored returns an odd number of the given number of digits that curves do not split.
func unfactored(digits int) *big.Int {
	rnd := rand.New(rand.NewPCG(1, uint64(digits)))
	n := prime(digits*5/3, rnd.Uint64())
	return n.Mul(n, prime(digits*3322/1000-n.BitLen(), rnd.Uint64()))
}

// curvesHere returns the user time of a curve of the engine.
func curvesHere(b *testing.B, n *big.Int, b1, b2 uint64) time.Duration {
	check := func() error { return nil }
	plan, err := ecm.NewPlan(b1, b2, check)
	if err != nil {
		b.Fatal(err)
	}
	var curves ecm.Runner
	curves.Reset(n, check)
	var took time.Duration
	const groups = 3 // the first one also computes the chains of stage 1
	for g := range uint64(1 + groups) {
		var sigmas [ecm.Group]uint64
		for i := range sigmas {
			sigmas[i] = ecm.Sigma(1, g*ecm.Group+uint64(i))
		}
		began := userTime(b)
		if _, _, err := curves.Run(plan, sigmas[:]); err != nil {
			b.Fatal(err)
		}
		if g > 0 {
			took += userTime(b) - began
		}
	}
	return took / (groups * ecm.Group)
}

// curvesThere returns the user time of a curve of GMP-ECM.
func curvesThere(b *testing.B, n *big.Int, b1 uint64) (time.Duration, bool) {
	if _, err := exec.LookPath("ecm"); err != nil {
		b.Log("NOT COMPARED with ecm (GMP-ECM), which is not installed")
		return 0, false
	}
	const curves = 10
	cmd := exec.Command("ecm", "-q", "-c", fmt.Sprint(curves), fmt.Sprint(b1))
	cmd.Stdin = strings.NewReader(n.String() + "\n")
	if out, err := cmd.CombinedOutput(); err != nil && cmd.ProcessState.ExitCode() != 0 {
		b.Fatalf("ecm: %v: %s", err, out)
	}
	return cmd.ProcessState.UserTime() / curves, true
}
