package output

import (
	"os/exec"
	"strings"
	"testing"

	"factorfleet/internal/task"
)

// TestGP has gp read lines of format pari. It sees which answers are unfinished.
func TestGP(t *testing.T) {
	gp, err := exec.LookPath("gp")
	if err != nil {
		t.Skip("NOT TESTED: there is no gp; apt-get install pari-gp")
	}
	var script, want strings.Builder
	for i := range records {
		r := &records[i].record
		if r.N.BitLen() == 0 || r.Kind == task.KindSquare {
			continue
		}
		script.WriteString("v = " + write(r, PARI, false))
		script.WriteString("print(factorback(v[2]) == v[1], \" \", if(#v > 2, v[3], \"finished\"))\n")
		composites := "finished"
		for _, f := range r.Factors {
			if f.Status == task.Composite {
				composites = "[" + f.P.String() + "]"
			}
		}
		want.WriteString("1 " + composites + "\n")
	}
	c := exec.CommandContext(t.Context(), gp, "-q", "-f")
	c.Stdin = strings.NewReader(script.String())
	out, err := c.CombinedOutput()
	got := ""
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "1 ") || strings.HasPrefix(line, "0 ") || strings.Contains(line, "***") {
			got += line
		}
	}
	if err != nil || got != want.String() {
		t.Errorf("%v: gp prints\n%s\nwant the lines\n%s", err, out, want.String())
	}
}
