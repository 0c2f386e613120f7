package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"factorfleet/internal/testsize"
)

// completionShells has how each shell completes the words of TestCompletion: a script that prints the candidates, each in a
// line. @ stands for the words of the command line, the last of which is being typed, and % for the line.
var completionShells = map[string]string{
	"bash": `source <(producer completion bash)
COMP_LINE="%"; COMP_POINT=${#COMP_LINE}; COMP_WORDS=(@); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); COMPREPLY=()
_producer
printf '%s\n' "${COMPREPLY[@]}"`,
	"zsh": `autoload -Uz compinit; compinit -D -u
source <(producer completion zsh)
_describe() { local x; for x in "${(@P)3}"; do x="${x//\\:/COLON}"; x="${x%%:*}"; print -r -- "${x//COLON/:}"; done }
_files() { print -rl -- *(N) }
words=(@); CURRENT=${#words}
_producer`,
	"fish": `producer completion fish | source
complete -C "%" | string replace -r '\t.*' ''`,
}

// TestCompletion: the scripts of `producer completion` complete commands, flags, values, files and jobs in each shell.
func TestCompletion(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.run("producer", "submit --id monday --detach 15").wantCode(0)
	dir := t.TempDir()
	for _, name := range []string{"numbers.txt", "s * $(touch ran).txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for shell, script := range completionShells {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			testsize.Need(t, shell)
			for _, test := range []struct{ words, want string }{
				{"producer su", "submit"},
				{"producer dead ", "show"},
				{"producer submit --for", "--format"},
				{"producer submit --format ", "json"},
				{"producer submit --format=js", "json"},
				{"producer submit -f n", "numbers.txt"},
				{"producer verify n", "numbers.txt"},
				{"producer verify s", "s * $(touch ran).txt"},
				{"producer -s " + s.url + " wait ", "monday"},
			} {
				got := completeIn(t, shell, script, test.words, dir)
				if _, err := os.Stat(filepath.Join(dir, "ran")); err == nil {
					t.Fatal("the name of a file was run as a command")
				}
				if !strings.Contains("\n"+got, "\n"+test.want+"\n") && !strings.Contains(got, "="+test.want+"\n") {
					t.Errorf("%q: %q does not have %s", test.words, got, test.want)
				}
			}
		})
	}
}

// completeIn returns what a shell prints that completes a command line in dir.
func completeIn(t *testing.T, shell, script, words, dir string) string {
	t.Helper()
	list := words
	if shell == "bash" {
		list = regexp.MustCompile(`[=:]+`).ReplaceAllString(words, " $0 ") // as it cuts words
	}
	if strings.HasSuffix(list, " ") {
		list += "''"
	}
	args := []string{"-c"}
	if shell == "zsh" {
		args = []string{"-f", "-c"}
	}
	c := exec.CommandContext(t.Context(), shell, append(args, strings.NewReplacer("(@)", "("+list+")", `"%"`, `"`+words+`"`).Replace(script))...)
	c.Dir = dir
	c.Env = append(os.Environ(), "PATH="+filepath.Dir(binary(t, "producer"))+":"+os.Getenv("PATH"), "HOME="+dir, "LC_ALL=C.UTF-8")
	out, err := c.CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Logf("%s: %v", words, err)
	}
	return string(out)
}
