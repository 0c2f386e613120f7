//go:build unix

package execkind

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// server is a shell server that answers each line by COMMAND, which reads $x.
func server(command string) string { return "while IFS= read -r x; do " + command + "; done" }

// TestModes: each mode gives the items to the command, and takes its answers in order.
func TestModes(t *testing.T) {
	t.Parallel()
	items := []string{"a b", "", "'$HOME'", " é\\n ", strings.Repeat("x", task.MaxItem/2)}
	for name, text := range map[string]string{
		"lines":           "x=cat",
		"lines, buffered": "x=sort -n", // writes at the end of its input
		"args":            "x:args=printf '%s\\n'",
		"args, $1":        `x:args=echo ignored >/dev/null; printf '%s' "$1"`,
		"args, ${1}":      `x:args=printf '%s\n' "${1}"`,
		"server":          "x:server=" + server(`printf '%s\n' "$x"`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := items
			if strings.Contains(text, "sort") {
				want = []string{"1", "2", "3"}
			}
			r := newRig(t, text, nil)
			for range 3 {
				r.run(options(0), want...)
				r.want(want...)
				r.wantErrors()
			}
		})
	}
}

// TestDirect: words of a command that runs without a shell.
func TestDirect(t *testing.T) {
	t.Parallel()
	direct := func(s *Settings) { s.Direct = true }
	for text, want := range map[string]string{
		"x:args=/bin/echo  $HOME *":           "$HOME * a;b",
		`x:args=["/bin/echo","a  b","","c"]`:  "a  b  c a;b",
		"x:server=/bin/cat":                   "a;b",
		"x:lines=/bin/cat":                    "a;b",
		`x:args=["/bin/sh","-c","echo $0-x"]`: "a;b-x",
	} {
		r := newRig(t, text, direct)
		r.run(options(0), "a;b")
		r.want(want)
	}
}

// TestInjection: an item is data, whatever it looks like.
func TestInjection(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keep := filepath.Join(dir, "keep")
	if err := os.WriteFile(keep, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	items := []string{
		"; rm -rf " + dir, "$(rm -rf " + dir + ")", "`rm -rf " + dir + "`", "-rf", "--help", `" ; rm -rf ` + dir + ` ; "`,
		"' ; rm -rf " + dir + " ; '", "a | rm -rf " + dir, "&& rm -rf " + dir, "$HOME", "*", "\\", "$1", `"$@"`, "%s%n",
	}
	for _, text := range []string{
		`x:args=printf '%s\n'`, `x:args=printf '%s\n' "$1"`, `x:args=printf '%s\n' "$@" # "$1"`, "x=cat", "x:server=" + server(`printf '%s\n' "$x"`),
	} {
		for _, limits := range []Limits{{}, {Nice: 1, CPU: time.Hour}} {
			r := newRig(t, text, func(s *Settings) { s.Limits = limits })
			r.run(options(0), items...)
			r.want(items...)
		}
	}
	if _, err := os.Stat(keep); err != nil {
		t.Error(err)
	}
}

// TestFormats: what ends items and answers, and what an answer must be.
func TestFormats(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text   string
		format task.Format
		items  []string
		want   []string
		errs   []string
	}{
		{"x=cat", task.FormatNUL, []string{"a\nb", "", "c"}, []string{"a\nb", "", "c"}, nil},
		{`x:args=printf 'a\nb\n\n'; :`, task.FormatNUL, []string{"i"}, []string{"a\nb\n"}, nil},
		{`x:args=printf 'a\nb\n'; :`, task.FormatLines, []string{"i"}, []string{"!"}, []string{`item "i": the answer "a\nb" is not of the format lines: contains a newline`}},
		{`x:args=printf 'a\000b'; :`, task.FormatNUL, []string{"i"}, []string{"!"}, []string{"contains a NUL byte"}},
		{"x:args=printf %s", task.FormatLines, []string{"a\x00b", "c"}, []string{"!", "c"}, []string{"an argument of a command cannot have a NUL byte"}},
		{"x=cat", task.FormatJSON, []string{`{"a":1}`, "[", "2"}, []string{`{"a":1}`, "!", "2"}, []string{`item "[": the answer "[" is not of the format json: not one JSON value`}},
		{"x:server=cat", task.FormatJSON, []string{"1", "1 2", "3"}, []string{"1", "!", "3"}, []string{`item "1 2": the answer "1 2" is not of the format json`}},
		{"x:args=printf %s", task.FormatJSON, []string{"\"\xff\""}, []string{"!"}, []string{`not UTF-8`}},
		{"x:args=printf '{\n}'; :", task.FormatJSON, []string{"1"}, []string{"!"}, []string{`contains a newline`}},
		{"x=cat", task.FormatLines, []string{"\xff\xfe"}, []string{"\xff\xfe"}, nil},
		{"x=cat", task.FormatLines, []string{"a", "b\nc", "d"}, []string{"a", "!", "d"}, []string{`item "b\nc": it has a byte that ends items`}},
	} {
		r := newRig(t, test.text, nil)
		o := options(0)
		o.Format = test.format
		r.run(o, test.items...)
		r.want(test.want...)
		r.wantErrors(test.errs...)
	}
}

// TestNumbers: a number that is no item fails alone.
func TestNumbers(t *testing.T) {
	t.Parallel()
	r := newRig(t, "x=cat", nil)
	var done []task.Factorization
	list := append(numbers("a"), nat.New(2))
	list = append(list, list[0])
	err := r.Run(t.Context(), list, options(0), &done)
	if len(done) != 1 || !errors.Is(err, worker.ErrNever) {
		t.Errorf("%d answers, %v", len(done), err)
	}
}

// TestEnvironment: what a command knows, and what it must not know.
func TestEnvironment(t *testing.T) {
	for _, name := range []string{"NATS_URL", "NATS_PASSWORD", "FACTOR_CONCURRENCY", "FACTORFLEET_TESTS"} {
		t.Setenv(name, "secret")
	}
	t.Setenv("EXECKIND_OWN", "kept")
	const show = `echo "$FACTORFLEET_JOB $FACTORFLEET_RANGE $FACTORFLEET_ATTEMPT $FACTORFLEET_WORKER $FACTORFLEET_SLOT $FACTORFLEET_FORMAT $EXECKIND_OWN $(env | grep -c secret)"`
	for text, want := range map[string]string{
		"x=" + server(show):        "job 100-3 2 w1 1 lines kept 0,job 100-3 2 w1 1 lines kept 0,job 100-3 2 w1 1 lines kept 0",
		"x:args=" + show + "; :":   "job 100-1 2 w1 1 lines kept 0,job 101-1 2 w1 1 lines kept 0,job 102-1 2 w1 1 lines kept 0",
		"x:server=" + server(show): "   w1 1 lines kept 0,   w1 1 lines kept 0,   w1 1 lines kept 0",
	} {
		r := newRig(t, text, nil)
		o := options(1)
		o.Attempt = 2
		r.run(o, "a", "b", "c")
		r.want(strings.Split(want, ",")...)
	}
}
