package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"factorfleet/internal/fleet"
	"factorfleet/internal/input"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A lineKind answers each item with one line, as the command of a worker does.
type lineKind func(item []byte) []byte

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
		*done = append(*done, task.Factorization{Factors: task.ItemAnswer(k(item)), Method: "exec"})
	}
	return nil
}

// reversed returns the bytes of an item in reverse order.
func reversed(item []byte) []byte {
	item = bytes.Clone(item)
	slices.Reverse(item)
	return item
}

// itemSubmission returns a submission of a text of items, kept for an hour.
func itemSubmission(id, kind string, f task.Format, in io.Reader) Submission {
	s := submission(id, "")
	s.Kind, s.Format, s.Sources = kind, f, []input.Source{input.ItemsFrom(f, "-", in)}
	return s
}

// checkItems checks that the items were printed in order, each once and with its answer.
func (o *output) checkItems(t *testing.T, items [][]byte, answer lineKind) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.items) != len(items) {
		t.Errorf("%d answers were printed, want %d", len(o.items), len(items))
		return
	}
	for i := range o.items {
		got := &o.items[i]
		item, ok := task.AppendItem(nil, got.N)
		line, isLine := got.AppendItem(nil)
		if !ok || !isLine || got.Position != uint64(i) || got.Dead != "" || !bytes.Equal(item, items[i]) || !bytes.Equal(line, answer(items[i])) {
			t.Errorf("line %d is %.80q for %.80q, want %.80q", i, line, item, items[i])
			return
		}
	}
}

// TestRandomItems: ten thousand random items of each format come back as they were, in order, with their answers.
func TestRandomItems(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	wrapped := func(item []byte) []byte { return fmt.Appendf(nil, `{"in":%s}`, item) }
	h.workerOf("w", 2, map[string]worker.Kind{"exec:reverse": lineKind(reversed), "exec:wrap": lineKind(wrapped)}, nil)
	for _, c := range []struct {
		format task.Format
		kind   string
		answer lineKind
		end    string
		random func(*rand.Rand, int) []byte
	}{
		{task.FormatLines, "exec:reverse", reversed, "\n", func(r *rand.Rand, n int) []byte { return randomBytes(r, n+1, '\n') }},
		{task.FormatNUL, "exec:reverse", reversed, "\x00", func(r *rand.Rand, n int) []byte { return randomBytes(r, n, 0) }},
		{task.FormatJSON, "exec:wrap", wrapped, "\r\n", randomJSON},
	} {
		t.Run(string(c.format), func(t *testing.T) {
			const count = 10_000
			random := rand.New(rand.NewPCG(1, 2))
			var items [][]byte
			var text bytes.Buffer
			for i := range count {
				size := random.IntN(1 << random.IntN(9))
				if i%1000 == 0 {
					size = task.MaxItem - 100 - random.IntN(100)
				}
				items = append(items, c.random(random, size))
				text.Write(items[i])
				text.WriteString(c.end)
			}
			id := string(c.format)
			a := h.submit(h.Fleet, itemSubmission(id, c.kind, c.format, &text))
			if s := a.clean(); s.Job.Count != count || s.Job.Format != c.format {
				t.Errorf("%+v", s.Job)
			}
			a.out.checkItems(t, items, c.answer)
			b := h.wait(h.other(), id)
			b.clean()
			b.out.checkItems(t, items, c.answer)
		})
	}
}

// randomBytes returns n random bytes other than not.
func randomBytes(r *rand.Rand, n int, not byte) []byte {
	b := make([]byte, n)
	for i := range b {
		for b[i] = byte(r.Uint32()); b[i] == not; b[i] = byte(r.Uint32()) {
		}
	}
	return b
}

// randomJSON returns a JSON value of at least n bytes, in UTF-8.
func randomJSON(r *rand.Rand, n int) []byte {
	return fmt.Appendf(nil, `[%d, %s]`, r.Int(), strconv.Quote(strings.Repeat("é", (n+1)/2)))
}

// TestItemsResumed: a job of items whose submitter is killed in the middle of its input is resumed by the same input, and
// by no other one.
func TestItemsResumed(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	h.workerOf("w", 2, map[string]worker.Kind{"exec:reverse": lineKind(reversed)}, nil)
	var items [][]byte
	for i := range 1000 {
		items = append(items, fmt.Appendf(nil, "item %d\xff", i))
	}
	text := func(items [][]byte) string { return string(bytes.Join(items, []byte("\n"))) + "\n" }
	pipe, feed := io.Pipe()
	defer feed.Close()
	a := h.submit(h.Fleet, itemSubmission("j", "exec:reverse", task.FormatLines, pipe))
	io.WriteString(feed, text(items[:300]))
	await(t, "some answers", func() bool { return a.out.len() > 0 })
	a.kill()

	resume := func(f task.Format, kind, text string) *running {
		return h.submit(h.other(), itemSubmission("j", kind, f, strings.NewReader(text)))
	}
	b := resume(task.FormatLines, "exec:reverse", text(items))
	if s := b.clean(); s.Job.Count != uint64(len(items)) {
		t.Errorf("%+v", s.Job)
	}
	b.out.checkItems(t, items, reversed)

	other := slices.Clone(items)
	other[17] = []byte("another item")
	for what, c := range map[string]struct {
		r    *running
		want string
	}{
		"another item":    {resume(task.FormatLines, "exec:reverse", text(other)), `its item 18 is "item 17\xff", here it is "another item"`},
		"fewer":           {resume(task.FormatLines, "exec:reverse", text(items[:999])), "1,000 items, this input has only 999"},
		"more":            {resume(task.FormatLines, "exec:reverse", text(items)+"x\n"), "1,000 items, this input has more"},
		"another format":  {resume(task.FormatNUL, "exec:reverse", text(items)), "items of format lines, not nul"},
		"another command": {resume(task.FormatLines, "exec:wrap", text(items)), "of kind exec:reverse, not exec:wrap"},
	} {
		if _, err := c.r.end(); !errors.Is(err, fleet.ErrDiffers) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
	c := resume(task.FormatLines, "exec:reverse", text(items))
	c.clean()
	c.out.checkItems(t, items, reversed)
}

// TestItemsRefused: results that are no lines are refused, and the items are answered by an honest worker.
func TestItemsRefused(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	liar := kindFunc(func(numbers []nat.Nat, done *[]task.Factorization) {
		for _, n := range numbers {
			*done = append(*done, task.Factorization{Factors: []task.Factor{{P: n, Exp: 1, Status: task.Prime}}, Method: "exec"})
		}
	})
	h.workerOf("liar", 1, map[string]worker.Kind{"exec:reverse": liar}, nil)
	var items [][]byte
	for i := range 500 {
		items = append(items, fmt.Append(nil, "item ", i))
	}
	a := h.submit(h.Fleet, itemSubmission("j", "exec:reverse", task.FormatLines, bytes.NewReader(bytes.Join(items, []byte("\n")))))
	await(t, "the liar is found out", func() bool { return h.standing("liar").Quarantined != nil })
	h.workerOf("w", 1, map[string]worker.Kind{"exec:reverse": lineKind(reversed)}, nil)
	if s := a.clean(); s.Refused < 3 || h.Rejected() < 3 {
		t.Errorf("%+v, %d results count as rejected", s, h.Rejected())
	}
	a.out.checkItems(t, items, reversed)
}

// A kindFunc is a worker.Kind that cannot fail.
type kindFunc func(numbers []nat.Nat, done *[]task.Factorization)

// Run implements worker.Kind.
func (k kindFunc) Run(_ context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	o.Tick()
	k(numbers, done)
	return nil
}

// TestDigest: lists of items with the same bytes in other items have other digests, and a number is digested in decimal.
func TestDigest(t *testing.T) {
	t.Parallel()
	digest := func(items ...string) (b []byte) {
		for _, item := range items {
			b = appendDigest(b, "exec:a", task.ItemNumber([]byte(item)))
		}
		return b
	}
	lists := [][]byte{digest("ab", "c"), digest("a", "bc"), digest("abc"), digest("abc", ""), digest("", "abc"), digest("a", "b", "c"), digest("a\x01b\x01c")}
	for i := range lists {
		for j := range i {
			if bytes.Equal(lists[i], lists[j]) {
				t.Errorf("lists %d and %d have the same digest", j, i)
			}
		}
	}
	if b := appendDigest(nil, task.KindFactor, nat.New(1000)); string(b) != "1000\n" {
		t.Errorf("a number is digested as %q", b)
	}
}

// TestItemsFailElsewhere: dead letters for items that another worker has answered are no strikes. A command may fail on
// one machine and work on another one.
func TestItemsFailElsewhere(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	items, text := lines(20)
	stored := make(chan struct{}) // closed when the letters are
	answer := func(item []byte) []byte {
		<-stored
		return reversed(item)
	}
	h.workerOf("second", 1, map[string]worker.Kind{"exec:reverse": lineKind(answer)}, nil)
	sub := itemSubmission("j", "exec:reverse", task.FormatLines, strings.NewReader(text))
	sub.Chunking = mustChunk("1") // a result of exactly the number refutes its letter
	r := h.submit(h.Fleet, sub)
	<-r.id
	for i := range items {
		h.put(fmt.Sprintf("FACTOR.dead.j.%d-1.first", i), (&task.Failure{Err: "no such file"}).Encode())
	}
	close(stored)
	r.clean()
	r.out.checkItems(t, items, reversed)
	if x := h.standing("first"); len(x.Strikes) > 0 || x.Quarantined != nil {
		t.Errorf("the first worker: %+v", x)
	}
}
