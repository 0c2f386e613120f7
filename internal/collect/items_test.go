package collect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// TestItems: the collector emits the lines of a command. A line that cannot be one is a strike; one that may be right for
// another task is none.
func TestItems(t *testing.T) {
	items := []nat.Nat{task.ItemNumber([]byte("1")), task.ItemNumber([]byte("[2]"))}
	var out []string
	c := New(Config{
		Kind: "exec:x", Format: task.FormatJSON, Ordered: true,
		Numbers: func(_ context.Context, r task.Range) ([]nat.Nat, error) { return items[r.First:r.End()], nil },
		Reread:  func(context.Context, uint64) ([]byte, time.Time, error) { return nil, time.Time{}, nil },
		Emit: func(i *Item) error {
			line, ok := i.AppendItem(nil)
			out = append(out, fmt.Sprintf("%d %s %s %s %v %s", i.Position, i.Kind, i.Format, line, ok, i.Dead))
			return nil
		},
	})
	all := task.Range{Count: 2}
	result := func(lines ...string) *task.Result {
		r := &task.Result{Kind: "exec:x", Worker: "w", Asked: task.HashNumbers(items)}
		for _, line := range lines {
			r.Items = append(r.Items, task.Factorization{Factors: task.ItemAnswer([]byte(line)), Method: "exec:x"})
		}
		return r
	}
	prime := result("1", "2")
	prime.Items[0].Factors[0].Status = task.Prime
	others, kind, foreign, unstated := result("1", "2"), result("1", "2"), result("1", "2"), result("1", "2")
	others.Asked++
	kind.Kind = "exec:y"
	foreign.Kind = task.KindSquare
	unstated.Asked = 0
	for what, test := range map[string]struct {
		result *task.Result
		other  bool // no strike
	}{
		"no line": {prime, false}, "nothing stated": {unstated, false}, "a square": {foreign, false},
		"no JSON": {result("1", "x"), true}, "other items": {others, true}, "another command": {kind, true},
	} {
		_, err := c.Check(t.Context(), Arrival{Range: all, Worker: "w", Seq: 1, Data: test.result.Encode()})
		refused, ok := errors.AsType[*Refused](err)
		if !ok || refused.OtherTask != test.other {
			t.Errorf("%s: %+v, %v", what, refused, err)
		}
	}
	r := result(`{"a":1}`)
	r.Asked = task.HashNumbers(items[:1])
	k, err := c.Check(t.Context(), Arrival{Range: task.Range{Count: 1}, Worker: "w", Seq: 1, Data: r.Encode()})
	must(t, err)
	_, err = c.Accept(t.Context(), k)
	must(t, err)
	must(t, c.GiveUp(t.Context(), all, "it failed"))
	if want := []string{`0 exec:x json {"a":1} true `, "1 exec:x json  false it failed"}; !slices.Equal(out, want) {
		t.Errorf("emitted %q", out)
	}
}
