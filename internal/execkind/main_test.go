//go:build unix

package execkind

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// helperVariable makes this program answer items in place of the tests: see TestMain.
const helperVariable = "EXECKIND_HELPER"

func TestMain(m *testing.M) {
	switch os.Getenv(helperVariable) {
	case "server": // answers each line by itself in upper case
		out, in := bufio.NewWriter(os.Stdout), bufio.NewScanner(os.Stdin)
		for in.Scan() {
			fmt.Fprintln(out, strings.ToUpper(in.Text()))
			out.Flush()
		}
		os.Exit(0)
	case "parent": // runs a command until it is killed
		k := New(Command{Name: "x", Line: os.Args[1], Settings: Settings{Mode: Lines}}, "w", new(cores))
		k.Run(context.Background(), numbers("a"), options(0), new([]task.Factorization))
		os.Exit(0)
	}
	code := m.Run()
	if n := children(); n > 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d child processes are left\n", n)
		code = 1
	}
	os.Exit(code)
}

// children returns how many child processes there are, 0 or 1, zombies included.
func children() int {
	_, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
	if errors.Is(err, syscall.ECHILD) {
		return 0
	}
	return 1
}

// numbers returns items as they travel.
func numbers(items ...string) (list []nat.Nat) {
	for _, item := range items {
		list = append(list, task.ItemNumber([]byte(item)))
	}
	return list
}

func options(slot int) worker.RunOptions {
	return worker.RunOptions{Tick: func() {}, Job: "job", Range: task.Range{First: 100, Count: 1}, Attempt: 1, Slot: slot}
}

// cores counts calls of Run.
type cores struct{ entered, left atomic.Int32 }

func (c *cores) Enter() { c.entered.Add(1) }
func (c *cores) Leave() { c.left.Add(1) }

// A rig is a Kind, and what it did with the last task.
type rig struct {
	*Kind
	t       testing.TB
	answers []string
	errs    []error
}

// newRig returns a kind of the command, which ends with the test: no process may be left then.
func newRig(t testing.TB, text string, change func(*Settings)) *rig {
	t.Helper()
	s := Settings{Mode: Lines}
	if change != nil {
		change(&s)
	}
	c, err := Parse(text, s)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Kind: New(c, "w1", new(cores)), t: t}
	r.killAfter = 100 * time.Millisecond
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if n := r.running(); n > 0 {
			t.Errorf("%d processes are left", n)
		}
	})
	return r
}

func (r *rig) running() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.live)
}

// run computes the items as a worker does: after a failed item, those behind it. An item that fails has the answer "!".
func (r *rig) run(o worker.RunOptions, items ...string) {
	r.t.Helper()
	r.answers, r.errs = nil, nil
	first := o.Range.First
	for list := numbers(items...); len(list) > 0; {
		var done []task.Factorization
		o.Range = task.Range{First: first + uint64(len(items)-len(list)), Count: uint64(len(list))}
		err := r.Run(r.t.Context(), list, o, &done)
		for _, a := range done {
			answer, ok := task.AppendItem(nil, a.Factors[0].P)
			if !ok || len(a.Factors) != 1 || a.Factors[0].Exp != 1 || a.Factors[0].Status != task.Value || a.Method != "exec:"+r.command.Name {
				r.t.Fatalf("answer %+v", a)
			}
			r.answers = append(r.answers, string(answer))
		}
		if list = list[len(done):]; err != nil {
			r.errs = append(r.errs, err)
			r.answers = append(r.answers, "!")
			list = list[1:]
		} else if len(list) > 0 {
			r.t.Fatalf("%d items without an answer and without an error", len(list))
		}
	}
}

func (r *rig) want(answers ...string) {
	r.t.Helper()
	if !slices.Equal(r.answers, answers) {
		r.t.Errorf("answers %q, want %q; errors %v", r.answers, answers, r.errs)
	}
}

// wantErrors compares the errors: each must contain the text.
func (r *rig) wantErrors(texts ...string) {
	r.t.Helper()
	for i, err := range r.errs {
		if i < len(texts) && !strings.Contains(err.Error(), texts[i]) {
			r.t.Errorf("error %q, want %q", err, texts[i])
		}
	}
	if len(r.errs) != len(texts) {
		r.t.Errorf("errors %v, want %q", r.errs, texts)
	}
}

func in(mode Mode) func(*Settings) { return func(s *Settings) { s.Mode = mode } }

// until waits until ok, or fails after a long time.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited too long until %s", what)
		}
	}
}

// ticking returns options that count ticks.
func ticking(count *atomic.Int64) worker.RunOptions {
	o := options(0)
	o.Tick = func() { count.Add(1) }
	return o
}
