package verify

import (
	"strings"
	"testing"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// TestItems: what the answers of a command must look like.
func TestItems(t *testing.T) {
	items := []nat.Nat{task.ItemNumber([]byte("a")), task.ItemNumber([]byte("b"))}
	lines := func(list ...string) (answers []task.Factorization) {
		for _, line := range list {
			answers = append(answers, task.Factorization{Factors: task.ItemAnswer([]byte(line)), Method: "exec:x"})
		}
		return answers
	}
	prime := lines("1", "2")
	prime[1].Factors[0].Status = task.Prime
	for what, c := range map[string]struct {
		format  task.Format
		answers []task.Factorization
		change  func(*task.Result)
		want    string // a part of the error, "" = right
	}{
		"lines":           {format: task.FormatLines, answers: lines("", "x\x00\xff")},
		"a newline":       {format: task.FormatLines, answers: lines("1", "x\n"), want: `item 2 of 2, "b": its answer: contains a newline`},
		"NUL":             {format: task.FormatNUL, answers: lines("", "x\n\xff")},
		"a NUL byte":      {format: task.FormatNUL, answers: lines("\x00", "x"), want: `item 1 of 2, "a": its answer: contains a NUL byte`},
		"JSON":            {format: task.FormatJSON, answers: lines(`{"a":1}`, "null")},
		"no JSON":         {format: task.FormatJSON, answers: lines(`{"a":1}`, ""), want: "not one JSON value"},
		"the longest":     {answers: lines(strings.Repeat("x", task.MaxItem), "")},
		"too long":        {answers: lines(strings.Repeat("x", task.MaxItem+1), ""), want: "longer than 65,536 bytes"},
		"too few":         {answers: lines("1"), want: "1 answers for 2 items"},
		"other kind":      {answers: lines("1", "2"), change: func(r *task.Result) { r.Kind = "exec:y" }, want: "kind"},
		"other items":     {answers: lines("1", "2"), change: func(r *task.Result) { r.Asked++ }, want: errOthers.Error()},
		"nothing stated":  {answers: lines("1", "2"), change: func(r *task.Result) { r.Asked = 0 }, want: errOthers.Error()},
		"a prime":         {answers: prime, want: "answer 2 of 2: " + errNoLine.Error()},
		"no factor":       {answers: make([]task.Factorization, 2), want: errNoLine.Error()},
		"not as a number": {answers: []task.Factorization{{Factors: []task.Factor{{P: nat.New(2), Exp: 1, Status: task.Value}}}, {}}, want: errNoLine.Error()},
	} {
		r := &task.Result{Kind: "exec:x", Items: c.answers, Asked: task.HashNumbers(items)}
		if c.change != nil {
			c.change(r)
		}
		err := Items("exec:x", c.format, items, r)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
	numbers := []nat.Nat{nat.New(2)} // of a block that another client has stored
	if err := Items("exec:x", "", numbers, &task.Result{Kind: "exec:x", Items: lines("1"), Asked: task.HashNumbers(numbers)}); err == nil {
		t.Error("an answer is right for a number that is no item")
	}
}

// TestTooLarge: an answer for a number that only an item can be is refused at once.
func TestTooLarge(t *testing.T) {
	n := task.ItemNumber(make([]byte, task.MaxItem))
	for _, kind := range []string{task.KindFactor, task.KindSquare} {
		if err := Answer(t.Context(), kind, n, &task.Factorization{Factors: []task.Factor{{P: n, Exp: 1, Status: task.PRP}}}); err != errTooLarge {
			t.Errorf("kind %s: %v", kind, err)
		}
		if err := Result(t.Context(), kind, []nat.Nat{n}, &task.Result{Kind: kind, Items: []task.Factorization{{}}}); err == nil || len(err.Error()) > 200 {
			t.Errorf("kind %s: %v", kind, err)
		}
	}
}
