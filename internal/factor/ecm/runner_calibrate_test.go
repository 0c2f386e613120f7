package ecm

import (
	"flag"
	"fmt"
	"math/big"
	"os/exec"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/kernels/kernelstest"
)

var calibrateMany = flag.Bool("calibratemany", false, "measure curves of single numbers")

// A curveWay is a way to run curves of one number.
type curveWay struct {
	level  kernels.Level
	scalar bool // no lanes
}

func (w curveWay) String() string {
	if w.scalar {
		return w.level.String() + " scalar"
	}
	return w.level.String()
}

// TestCalibrateMany prints the user time of a curve at each level of kernels, and at avx2 without
// lanes, the least of some measurements of all in turns; if GMP-ECM is on PATH also that of its
// curves, whose B2 is larger.
func TestCalibrateMany(t *testing.T) {
	if !*calibrateMany {
		t.Skip("for a new machine or new kernels: -calibratemany")
	}
	ways := []curveWay{{kernels.Plain, true}, {kernels.AVX2, true}, {kernels.AVX2, false}, {kernels.AVX512, false}}
	for _, digits := range []int{25, 40, 60, 80, 100, 125, 150, 200, 250, 300, 400} {
		n := primeOfDigits(digits)
		for _, b1 := range []uint64{2000, 11e3, 50e3} {
			plan := newPlan(b1, 100*b1)
			least := make([]time.Duration, len(ways)+1)
			for range 3 {
				for i, way := range ways {
					if way.level <= kernels.Best() {
						least[i] = lesser(least[i], timeCurve(t, way, n, plan))
					}
				}
				least[len(ways)] = lesser(least[len(ways)], timeGMP(n, b1))
			}
			fmt.Printf("%3d digits B1=%5d:", digits, b1)
			for i, way := range ways {
				fmt.Printf(" %v %.3f ms,", way, ms3(least[i]))
			}
			fmt.Printf(" GMP-ECM %.3f ms\n", ms3(least[len(ways)]))
		}
	}
}

// lesser is the least, 0 being none.
func lesser(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// primeOfDigits returns a prime of about 4*10^(digits-1): curves find nothing.
func primeOfDigits(digits int) *big.Int {
	n := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits-1)), nil)
	for n.Mul(n, big.NewInt(4)).SetBit(n, 0, 1); !n.ProbablyPrime(0); n.Add(n, big.NewInt(2)) {
	}
	return n
}

// timeCurve returns the user time of a curve: of a group, or of one where there are no lanes.
func timeCurve(t *testing.T, way curveWay, n *big.Int, plan *Plan) (d time.Duration) {
	count := Group
	if way.scalar {
		count = 1
	}
	sigmas := []uint64{6, 7, 8, 9, 10, 11, 12, 13}[:count]
	defer kernels.Use(kernels.Use(way.level))
	s := newRunner(n, always)
	if way.scalar {
		s.kind = onScalar
	}
	s.Run(newPlan(15, 100), sigmas)
	s.programs = manyPrograms
	from := cpuTime()
	if d, _, err := s.Run(plan, sigmas); d != nil || err != nil {
		t.Fatalf("%v: %v, %v", n, d, err)
	}
	return (cpuTime() - from) / time.Duration(count)
}

// manyPrograms are the programs that all Runners of the measurement share.
var manyPrograms = make(map[*Plan]*storedStage1)

// timeGMP returns the user time of a curve of GMP-ECM, 0 if there is none.
func timeGMP(n *big.Int, b1 uint64) time.Duration {
	const curves = 4
	cmd := exec.Command("ecm", "-q", "-c", fmt.Sprint(curves), fmt.Sprint(b1))
	cmd.Stdin = strings.NewReader(n.String() + "\n")
	cmd.Run() // the exit code says what it has found: nothing, of a prime
	if cmd.ProcessState == nil {
		return 0
	}
	return cmd.ProcessState.UserTime() / curves
}

func ms3(d time.Duration) float64 { return d.Seconds() * 1e3 }

// BenchmarkRunner measures a group of curves on a number of 100 digits at each level.
func BenchmarkRunner(b *testing.B) {
	n, plan := primeOfDigits(100), newPlan(11e3, 1100e3)
	for _, level := range kernels.Levels {
		b.Run(level.String(), func(b *testing.B) {
			kernelstest.At(b, level)
			s := newRunner(n, always)
			for b.Loop() {
				s.Run(plan, []uint64{6, 7, 8, 9, 10, 11, 12, 13})
			}
		})
	}
}
