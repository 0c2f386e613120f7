package kernels

import (
	"strings"
	"testing"
)

// TestChoose: every level up to the best can be asked for by name; anything else is an error of
// one line that names the variable, the value and what is allowed.
func TestChoose(t *testing.T) {
	for _, best := range Levels {
		for _, l := range Levels {
			got, err := choose(l.String(), best)
			if l <= best && (got != l || err != nil) {
				t.Errorf("best %v: asked for %v, got %v, %v", best, l, got, err)
			}
			if l > best && (got != Plain || err == nil || !strings.Contains(err.Error(), l.String()) || !strings.Contains(err.Error(), best.String())) {
				t.Errorf("best %v: asked for %v, got %v, %v", best, l, got, err)
			}
		}
		if got, err := choose("", best); got != best || err != nil {
			t.Errorf("best %v: asked for nothing, got %v, %v", best, got, err)
		}
		for _, bad := range []string{"AVX2", "avx2 ", "2", "sse", "avx1024", "plain\nx", strings.Repeat("x", 100)} {
			got, err := choose(bad, best)
			if got != Plain || err == nil {
				t.Errorf("best %v: %q was taken as %v", best, bad, got)
				continue
			}
			if text := err.Error(); strings.Contains(text, "\n") || !strings.Contains(text, Variable) || !strings.Contains(text, "plain") {
				t.Errorf("best %v: %q: %s", best, bad, text)
			}
		}
	}
}

// TestMachine says which levels the tests of the engine run at on this machine.
func TestMachine(t *testing.T) {
	var tested, missing []string
	for _, l := range Levels {
		if l <= machine.level {
			tested = append(tested, l.String())
		} else {
			missing = append(missing, l.String())
		}
	}
	if len(missing) == 0 {
		missing = []string{"-"}
	}
	t.Logf("kernels tested: %s; NOT TESTED here: %s", strings.Join(tested, " "), strings.Join(missing, " "))
}

// TestUse: the level in force decides, also about the instructions that go with it.
func TestUse(t *testing.T) {
	defer Use(Use(Plain))
	if Active() != Plain || HasADX() || HasIFMA() {
		t.Errorf("plain: %v, ADX %v, IFMA %v", Active(), HasADX(), HasIFMA())
	}
	Use(Best())
	if Active() != Best() || HasADX() != machine.adx || HasIFMA() != machine.ifma {
		t.Errorf("best: %v, ADX %v, IFMA %v, want %+v", Active(), HasADX(), HasIFMA(), machine)
	}
	if Best() >= AVX2 {
		if Use(AVX2); HasIFMA() {
			t.Error("IFMA at level avx2")
		}
	}
}
