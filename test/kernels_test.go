package test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"factorfleet/internal/factor/kernels"
)

// TestKernelsRefused: an unknown kernel level, or one that the machine lacks, ends every program at its
// start, with one line that lists the valid levels.
func TestKernelsRefused(t *testing.T) {
	t.Parallel()
	for _, r := range []refusal{
		{"producer", "submit 15", 2, `FACTORFLEET_KERNELS="sse2": unknown level of kernels, set one of plain`},
		{"consumer", "run", 2, `FACTORFLEET_KERNELS="sse2": unknown level of kernels, set one of plain`},
		{"embedded", "submit 15", 2, `FACTORFLEET_KERNELS="sse2": unknown level of kernels, set one of plain`},
	} {
		r.check(t, environment("FACTORFLEET_KERNELS=sse2"))
	}
	if best := kernels.Best(); best < kernels.AVX512 {
		refusal{"embedded", "submit 15", 2, fmt.Sprintf("FACTORFLEET_KERNELS=avx512: not supported by this machine or build, its best level is %q", best.String())}.
			check(t, environment("FACTORFLEET_KERNELS=avx512"))
	}
}

// TestKernelsLevels: at every kernel level of the machine the programs give the same answers and report
// the level.
func TestKernelsLevels(t *testing.T) {
	t.Parallel()
	const numbers = "10403 18446744073709551557 340282366920938463463374607431768211457 1000000016000000063"
	const want = "10403: 101 103\n18446744073709551557: 18446744073709551557\n" +
		"340282366920938463463374607431768211457: 59649589127497217 5704689200685129054721\n1000000016000000063: 1000000007 1000000009\n"
	for _, l := range kernels.Levels {
		if l > kernels.Best() {
			continue // TestKernelsRefused
		}
		level := environment(kernels.Variable + "=" + l.String())
		run(t, "embedded", "submit "+numbers, level).wantCode(0).wantStdout(want)
		if got, want := run(t, "consumer", "version", level).wantCode(0).stdout.String(), fmt.Sprintf(" %s/%s, kernels %v\n", runtime.GOOS, runtime.GOARCH, l); !strings.HasSuffix(got, want) {
			t.Errorf("consumer version says %q, want ...%q", got, want)
		}
		var report struct{ Kernels string }
		p := run(t, "consumer", "bench --time 1ms --json random40", level).wantCode(0)
		if err := json.Unmarshal([]byte(p.stdout.String()), &report); err != nil || report.Kernels != l.String() {
			t.Errorf("%s: %v, want kernels %v: %s", p.line, err, l, p.stdout.String())
		}
		if table := run(t, "consumer", "bench --time 1ms random40", level).wantCode(0).stdout.String(); !strings.Contains(table, l.String()) {
			t.Errorf("the table does not name the level %v:\n%s", l, table)
		}
	}
}
