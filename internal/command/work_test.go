package command

import (
	"strings"
	"testing"

	"factorfleet/internal/cli"
)

func TestParseWork(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]float64{"": 0, "T35": 35, "t37.5": 37.5, "35": 35, "100": 100, "0.5": 0.5, "T33.3333": 33.333} {
		if got, err := parseWork(s); got != want || err != nil {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"T", "tt35", "T-1", "0", "-5", "1e1", "0x10", "nan", "inf", "T35 ", "100.001", "35digits", "3.5.1", "1_0"} {
		if got, err := parseWork(s); err == nil || cli.Code(err) != cli.Usage || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
}
