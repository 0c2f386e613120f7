package mont

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestGenerated checks that the assembly is what the generator writes.
func TestGenerated(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the generator")
	}
	dir := t.TempDir()
	gen := filepath.Join(dir, "gen.exe")
	// The generator runs where the go command does: the test may be for another machine, in an emulator.
	host, err := exec.Command("go", "env", "GOHOSTOS", "GOHOSTARCH").Output()
	names := strings.Fields(string(host))
	if err != nil || len(names) != 2 {
		t.Fatalf("go env: %v: %q", err, host)
	}
	build := exec.Command("go", "build", "-o", gen, "./gen")
	build.Env = append(os.Environ(), "GOOS="+names[0], "GOARCH="+names[1])
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(gen)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.*"))
	if len(files) < 2 {
		t.Fatal("nothing is generated")
	}
	for _, name := range files {
		if name == gen {
			continue
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Base(name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not up to date: go generate ./internal/factor/mont", filepath.Base(name))
		}
	}
}

// TestAVX2Only checks that the files for AVX2 name no register or instruction of AVX-512, so that the assembler
// encodes all of them with VEX. An operand in memory of a shift by a constant would need EVEX.
func TestAVX2Only(t *testing.T) {
	names, err := filepath.Glob("*_avx2_amd64.s")
	if err != nil || len(names) == 0 {
		t.Fatalf("no files: %v", err)
	}
	beyond := regexp.MustCompile(`\b([ZK]\d+|[XY](1[6-9]|2\d|3[01]))\b|\b(VP(AND|OR|XOR|ANDN)[DQ]|VMOVDQ[AU](8|16|32|64)|V\w*\.\w+)\b|VPS\w+ \$\d+, -?\d*\(`)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if beyond.MatchString(line) {
				t.Errorf("%s:%d: not of AVX2: %s", name, i+1, strings.TrimSpace(line))
			}
		}
	}
}
