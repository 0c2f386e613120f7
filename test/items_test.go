package test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A lineKind answers each item with the line that it returns for the item, or fails.
type lineKind func(item string) (line string, err error)

// Run implements worker.Kind.
func (k lineKind) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	for _, n := range numbers {
		o.Tick()
		item, ok := task.AppendItem(nil, n)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !ok:
			return errors.New("not an item")
		}
		line, err := k(string(item))
		if err != nil {
			return err
		}
		*done = append(*done, task.Factorization{Factors: task.ItemAnswer([]byte(line)), Method: "exec"})
	}
	return nil
}

// backwards is a lineKind: the bytes of the item in reverse order.
func backwards(item string) (string, error) {
	b := []byte(item)
	slices.Reverse(b)
	return string(b), nil
}

// wrapped is a lineKind for JSON values.
func wrapped(item string) (string, error) { return `{"in":` + item + `}`, nil }

// itemKinds are the commands of the tests.
func itemKinds() map[string]worker.Kind {
	return map[string]worker.Kind{"exec:rev": lineKind(backwards), "exec:wrap": lineKind(wrapped)}
}

// Items are lines, NUL-separated or JSON values. The answers are in the order of the items, one line each.
func TestItems(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.workerOf("w", itemKinds())
	s.run("producer", "submit --kind exec:rev", feed("ab c\n\nd\r\n\xff\xfee")).wantCode(0).wantStdout("c ba\n\rd\ne\xfe\xff\n").wantStderr("")
	s.run("producer", "submit --kind exec:rev --chunk 1", arguments("--", "a b", "-1", "007")).wantCode(0).wantStdout("b a\n1-\n700\n").wantStderr("")
	s.run("producer", "submit --kind exec:rev -0", feed("a\nb\x00\x00c")).wantCode(0).wantStdout("b\na\x00\x00c\x00")
	s.run("producer", "submit --kind exec:rev", feed("")).wantCode(0).wantStdout("").wantStderr("")

	long := strings.Repeat("x", task.MaxItem)
	s.run("producer", "submit --kind exec:rev", feed("a\n"+long+"y\n"+long+"\n")).wantCode(1).wantStdout("a\n" + long + "\n").
		wantStderr("producer: standard input: line 2: longer than 65,536 bytes: \"" + long[:40] + "…\"\n")
	s.run("producer", "submit --kind exec:wrap --ndjson", feed("[1, 2]\nx\n {\"a\":\"é\"}\r\n")).wantCode(1).wantStdout("{\"in\":[1, 2]}\n{\"in\":{\"a\":\"é\"}}\n").
		wantStderr("producer: standard input: line 2: not one JSON value: \"x\"\n")
	if p := s.run("producer", "submit --kind exec:wrap --ndjson --json", feed("[1, 2]\n")).wantCode(0); !strings.HasPrefix(p.stdout.String(),
		`{"v":1,"i":0,"kind":"exec:wrap","format":"json","item":[1, 2],"status":"V","result":{"in":[1, 2]},"cpu_s":0,"worker":"w","attempt":1,"chunk":"0-1","round":"0","started":"2`) {
		t.Errorf("%s", p.stdout.String())
	}
	s.run("producer", "submit --kind exec:rev --format csv a").wantCode(2).wantStdout("").wantSaid("--format csv is for numbers")
}

// A job of items that is kept shows its items, and its answers are printed as often as they are wanted.
func TestItemsKept(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.run("producer", "submit --kind exec:rev --id j -0 --detach", feed("a\nb\x00\xffc\x00")).wantCode(0).wantStdout("j\n")
	s.run("producer", "results j").wantCode(1).wantStdout("").wantSaid("no answer yet for 2 of 2 items")
	s.run("producer", "finish j").wantCode(8).wantSaid("cancel the job instead")
	s.workerOf("w", itemKinds())
	s.run("producer", "wait j").wantCode(0).wantStdout("b\na\x00c\xff\x00").wantStderr("")
	s.run("producer", "results j").wantCode(0).wantStdout("b\na\x00c\xff\x00").wantStderr("")
	s.run("producer", "wait j --format pari").wantCode(2).wantStdout("").wantSaid("--format pari is for numbers")
	answers := s.run("producer", "results j --json").wantCode(0).stdout.String()
	if !strings.Contains(answers, `"format":"nul","item":"a\u000ab","status":"V","result":"b\u000aa"`) || !strings.Contains(answers, `"item_base64":"/2M=","status":"V","result_base64":"Y/8="`) {
		t.Errorf("%s", answers)
	}
	run(t, "producer", "verify --kind exec:rev -", feed(answers)).wantCode(0).wantStdout("2 lines: 2 of the right form and not verified, 0 given up, 0 wrong\n")
	run(t, "producer", "verify --kind exec:wrap -", feed(answers)).wantCode(6).wantSaid("line 1: an answer of kind exec:rev, not exec:wrap")
	for command, want := range map[string]string{"status j": "items 2  answered 2", "ls": "exec:rev"} {
		if out := s.run("producer", command).wantCode(0).stdout.String(); !strings.Contains(out, want) {
			t.Errorf("%s: %s", command, out)
		}
	}
	s.run("producer", "submit --kind exec:rev --id j -0", feed("a\nb\x00\xffd\x00")).wantCode(8).wantSaid(`its item 2 is "\xffc", here it is "\xffd"`)
	s.run("producer", "submit --kind exec:rev --id j", feed("a\n")).wantCode(8).wantSaid("items of format nul, not lines")
}

// An item that fails three times is given up alone: its line is empty, so that items and answers stay side by side.
func TestDeadItem(t *testing.T) {
	t.Parallel()
	s := startFleetWith(t, time.Second)
	const bad = "it's \x1bbad"
	stop := s.workerOf("w", map[string]worker.Kind{"exec:rev": lineKind(func(item string) (string, error) {
		if item == bad {
			return "", errors.New("exit status 3")
		}
		return backwards(item)
	})})
	items := "ab\n" + bad + "\ncd\n"
	s.run("producer", "submit --kind exec:rev --id j", feed(items)).wantCode(1).wantStdout("ba\n\ndc\n").
		wantSaid(`item 2 of the input, "it's \x1bbad", was given up: exit status 3 (on w)`, "job j gave up 1 item; `producer dead show j` shows why")
	type letter struct{ Items, Numbers []string }
	if list := report[[]letter](s, "dead ls j"); len(list) != 1 || !slices.Equal(list[0].Items, []string{bad}) || len(list[0].Numbers) != 0 {
		t.Errorf("%+v", list)
	}
	for command, want := range map[string]string{"dead ls j": `"it's \x1bbad"`, "dead show j": `position 2: "it's \x1bbad"`} {
		if out := s.run("producer", command).wantCode(0).stdout.String(); !strings.Contains(out, want) {
			t.Errorf("%s: %s", command, out)
		}
	}
	s.run("producer", "dead export j").wantCode(0).wantStdout(bad + "\n")
	if out := s.run("producer", "wait j --json").wantCode(1).stdout.String(); !strings.Contains(out, `"item":"it's \u001bbad","status":"DEAD"`) {
		t.Errorf("%s", out)
	}
	stop()
	s.run("producer", "dead retry j").wantCode(0).wantSaid("queued again: 1;")
	s.workerOf("w2", itemKinds())
	s.run("producer", "wait j").wantCode(0).wantStdout("ba\ndab\x1b s'ti\ndc\n").wantStderr("")
}

// A submitter of items that is killed in the middle is resumed by the same command. Its output file is complete then.
func TestItemsResumed(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	var items, want strings.Builder
	for i := range 5000 {
		item := fmt.Sprintf("item %d \xff", i)
		line, _ := backwards(item)
		fmt.Fprintln(&items, item)
		fmt.Fprintln(&want, line)
	}
	out := filepath.Join(t.TempDir(), "out")
	in, w := pipe(t)
	p := s.start("producer", "submit --kind exec:rev --chunk 10 --id j -o "+out, in)
	fmt.Fprint(w, items.String()[:items.Len()/2])
	s.workerOf("w", itemKinds())
	eventually(t, "some answers", func() bool {
		info, err := os.Stat(out + ".partial")
		return err == nil && info.Size() > 0
	})
	p.kill()
	s.run("producer", "submit --kind exec:rev --chunk 10 --id j -o "+out, feed(items.String())).wantCode(0)
	if got, err := os.ReadFile(out); err != nil || string(got) != want.String() {
		t.Errorf("%v: %s", err, difference(string(got), want.String()))
	}
}
