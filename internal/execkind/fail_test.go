//go:build unix

package execkind

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestMisbehaving: whatever a command does, the item at fault fails with the reason, and all others have their answers.
func TestMisbehaving(t *testing.T) {
	t.Parallel()
	const long = `head -c 70000 /dev/zero | tr '\000' x; echo`
	on := func(item, bad, good string) string { // in a loop over $x
		return server(fmt.Sprintf("if [ \"$x\" = %s ]; then %s; else %s; fi", item, bad, good))
	}
	for _, test := range []struct {
		name, text string
		want       string // "!" fails
		errs       []string
	}{
		{"dies", "x=" + on("c", "echo sad >&2; kill -9 $$", "echo $x"), "ab!d", []string{`item "c": the command was ended by signal: killed, standard error: sad`}},
		{"exits", "x=" + on("a", "exit 3", "echo $x"), "!bcd", []string{`item "a": the command ended with exit status 3`}},
		{"exits at the last", "x=" + on("d", "exit 3", "echo $x"), "abc!", []string{`item "d": the command ended with exit status 3`}},
		{"dies with answers in its buffer", `x=awk '{ if ($0 == "c") { exit 4 } print $0 }'`, "ab!d", []string{`item "c": the command ended with exit status 4`}},
		{"dies in the middle of an answer", "x=" + on("b", "printf part; exit 1", "echo $x"), "a!cd", []string{`item "b": the command ended with exit status 1`}},
		{"leaves one out", "x=grep -v b", "a!cd", []string{`item "b": the command ended with exit status 1`}},
		{"leaves one out without an error", "x=sed /b/d", "a!cd", []string{`item "b": the command ended with exit status 0 and without an answer`}},
		{"gives one twice", "x=sed p", "!!!!", []string{`item "a": the command gave more answers than it had items`, "", "", ""}},
		{"gives one twice at the last", "x=" + on("d", "echo d; echo d", "echo $x"), "abc!", []string{`item "d": the command gave more answers`}},
		{"fails after its answers", "x=cat; exit 1", "!!!!", []string{`item "a": the command ended with exit status 1`, "", "", ""}},
		{"does not end its last answer", "x=cat | tr -d '\\n'; :", "!!!!", nil},
		{"gives a long answer", "x=" + on("b", long, "echo $x"), "a!cd", []string{`item "b": the answer is longer than 64 KiB`}},
		{"reads nothing", "x=exit 0", "!!!!", []string{"exit status 0 and without", "", "", ""}},
		{"is not there", "x=./no-such-program", "!!!!", []string{`item "a": the command ended with exit status 127, standard error: `, "not found", "", ""}},

		{"args: dies", `x:args=[ "$1" = c ] && kill -9 $$; echo $1`, "ab!d", []string{`item "c": the command was ended by signal: killed`}},
		{"args: exits", `x:args=[ "$1" = a ] && { echo "no  such\n\033[1m thing" >&2; exit 3; }; echo $1`, "!bcd",
			[]string{`item "a": the command ended with exit status 3, standard error: no such [1m thing`}},
		{"args: gives a long answer", `x:args=[ "$1" = b ] && { ` + long + `; exit; }; echo $1`, "a!cd", []string{"longer than 64 KiB"}},
		{"args: writes for ever", `x:args=[ "$1" = b ] && yes; echo $1`, "a!cd", []string{"longer than 64 KiB"}},
		{"args: is not there", `x:args=./no-such-program`, "!!!!", []string{"127", "not found", "", ""}},

		{"server: dies", "x:server=" + on("c", "echo sad >&2; kill -9 $$", "echo $x"), "ab!d", []string{`item "c": the command was ended by signal: killed, standard error: sad`}},
		{"server: ends", "x:server=" + on("c", "exit 0", "echo $x"), "ab!d", []string{`item "c": the command ended with exit status 0 and without an answer`}},
		{"server: dies in the middle of an answer", "x:server=" + on("c", "printf part; exit 0", "echo $x"), "ab!d", []string{`item "c"`}},
		{"server: serves two", `x:server=for i in 1 2; do read x; echo "$x"; done`, "abcd", nil},
		{"server: serves one", `x:server=read x; echo "$x"`, "abcd", nil},
		{"server: gives two", "x:server=" + on("b", `printf 'b\nb\n'`, "echo $x"), "a!cd", []string{`item "b": the command gave more answers`}},
		{"server: gives a long answer", "x:server=" + on("b", long, "echo $x"), "a!cd", []string{"longer than 64 KiB"}},
		{"server: reads nothing", "x:server=exec 0<&-; sleep 0.1; exit 3", "!!!!", []string{"exit status 3", "", "", ""}},
		{"server: is not there", `x:server=./no-such-program`, "!!!!", []string{"127", "not found", "", ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, test.text, nil)
			for range 2 {
				r.run(options(0), "a", "b", "c", "d")
				if strings.Contains(test.name, "end its last") { // one line of all answers: alone, each is one
					test.want = "abcd"
				}
				r.want(strings.Split(test.want, "")...)
				r.wantErrors(test.errs...)
			}
		})
	}
}

// TestCannotStart: a direct command that is not there.
func TestCannotStart(t *testing.T) {
	t.Parallel()
	for _, mode := range []Mode{Lines, Args, Server} {
		r := newRig(t, "x=/no/such/program", func(s *Settings) { s.Direct, s.Mode = true, mode })
		r.run(options(0), "a", strings.Repeat("é", 1000))
		r.want("!", "!")
		r.wantErrors(`item "a": cannot start the command: `, `item "`+strings.Repeat("é", 30)+`"... (2000 bytes): cannot start the command: `)
	}
}

// TestStatuses: the statuses that mean more than a failure, in each mode.
func TestStatuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"x=" + server("case $x in n) exit 65;; e) exit 75;; esac; echo $x"),
		"x=awk '/n/ { exit 65 } /e/ { exit 75 } { print }'",
		"x:args=case $1 in n) exit 65;; e) exit 75;; esac; echo",
		"x:server=" + server("case $x in n) exit 65;; e) exit 75;; esac; echo $x"),
	} {
		r := newRig(t, text, nil)
		r.run(options(0), "a", "n", "b", "e", "c")
		want := []string{"a", "!", "b", "!", "c"}
		if strings.Contains(text, "args") {
			want = []string{"", "!", "", "!", ""}
		}
		r.want(want...)
		r.wantErrors(`item "n": the command ended with exit status 65 (never to be tried again)`, `item "e": the command ended with exit status 75 (left to another worker)`)
		if len(r.errs) == 2 && (!errors.Is(r.errs[0], worker.ErrNever) || !errors.Is(r.errs[1], worker.ErrElsewhere) || errors.Is(r.errs[0], worker.ErrElsewhere)) {
			t.Errorf("%s: %v", text, r.errs)
		}
	}
}

// TestTimeout: an item that takes too long fails, its processes are killed, and the items before it have their answers. The
// shorter one of both limits counts.
func TestTimeout(t *testing.T) {
	t.Parallel()
	const hang = "(trap '' TERM; sleep 1000) & trap '' TERM; sleep 1000"
	for _, text := range []string{
		"x=" + server("[ $x = b ] && { "+hang+"; }; echo $x"),
		"x:args=[ $1 = b ] && { " + hang + "; }; echo $1",
		"x:server=" + server("[ $x = b ] && { "+hang+"; }; echo $x"),
	} {
		for _, limit := range []struct{ command, task time.Duration }{{0, 100 * time.Millisecond}, {100 * time.Millisecond, time.Hour}} {
			t.Run(text[:6], func(t *testing.T) {
				t.Parallel()
				r := newRig(t, text, func(s *Settings) { s.Timeout = limit.command })
				o := options(0)
				o.Budget = limit.task
				r.run(o, "b")
				r.want("!")
				r.wantErrors(`item "b": no answer within 100ms, the command was stopped`)
				until(t, "the processes have ended", func() bool { return r.running() == 0 })
				r.command.Timeout = 0
				r.run(options(0), "c")
				r.want("c")
			})
		}
	}
}

// TestStray: a server that writes more than it is asked for later does not spoil the next answers.
func TestStray(t *testing.T) {
	t.Parallel()
	r := newRig(t, "x:server="+server("echo $x; [ $x = a ] && { sleep 0.05; echo stray; }"), nil)
	r.run(options(0), "a")
	r.want("a")
	p := r.slot(0).server
	until(t, "there is a stray line", func() bool { return !p.out.isQuiet(time.Now()) })
	r.run(options(0), "b", "c")
	r.want("b", "c")
}

// TestTotal: a task whose answers take too much memory has them one after the other.
func TestTotal(t *testing.T) {
	t.Parallel()
	r := newRig(t, "x="+server("printf '%060000d\\n' 0"), nil)
	items := make([]string, maxTotal/60000+10)
	r.run(options(0), items...)
	failed := 0
	for _, a := range r.answers {
		if a == "!" {
			failed++
		} else if len(a) != 60000 {
			t.Errorf("an answer of %d bytes", len(a))
		}
	}
	if failed != 1 || len(r.answers) != len(items) {
		t.Errorf("%d of %d items failed: %v", failed, len(r.answers), r.errs)
	}
}

// TestKeptAnswers: the answers before a death are in *done while the command works on, so that the worker stores them.
func TestKeptAnswers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "go")
	r := newRig(t, "x="+server("[ $x = c ] && while ! [ -e "+file+" ]; do sleep 0.01; done; echo $x"), nil)
	var done []task.Factorization
	o := options(0)
	seen := false
	o.Tick = func() {
		if len(done) == 2 && !seen {
			seen = true
			os.WriteFile(file, nil, 0o600)
		}
	}
	r.hold = 10 * time.Millisecond
	o.Budget = time.Minute
	if err := r.Run(context.Background(), numbers("a", "b", "c", "d"), o, &done); err != nil || len(done) != 4 || !seen {
		t.Errorf("%d answers, %v; they were seen early: %v", len(done), err, seen)
	}
}
