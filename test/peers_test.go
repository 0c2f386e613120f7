package test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/nat"
)

// A peer is another program that factors the numbers on its standard input.
type peer struct {
	args []string
	line string // the input of one number, with %v for it
}

// peers are the programs to compare with, by their name on PATH.
var peers = map[string]peer{
	"factor": {nil, "%v"},                                        // coreutils
	"gp":     {[]string{"-q", "-f"}, "factor(%v);"},              // PARI
	"yafu":   {[]string{"-threads", "1", "-silent"}, "siqs(%v)"}, // YAFU 3
}

// factorThere returns the user time of a peer that factors the numbers, minus that of a run without
// numbers.
func factorThere(b *testing.B, name string, numbers []nat.Nat) (took time.Duration, installed bool) {
	p, known := peers[name]
	if !known {
		b.Fatalf("no peer %q", name)
	}
	if _, err := exec.LookPath(name); err != nil {
		return 0, false
	}
	return p.run(b, name, numbers) - p.run(b, name, nil), true
}

func (p *peer) run(b *testing.B, name string, numbers []nat.Nat) time.Duration {
	cmd := exec.Command(name, p.args...)
	cmd.Dir = b.TempDir() // for the files that YAFU leaves
	var in strings.Builder
	for _, n := range numbers {
		fmt.Fprintf(&in, p.line+"\n", n)
	}
	cmd.Stdin = strings.NewReader(in.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v: %s", name, err, out)
	}
	return cmd.ProcessState.UserTime()
}
