package collect

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// TestExpr: an item has the expression of its position, whether it is answered at once, after it has waited, or given up,
// in order or not. An error of Written leaves what it was for to the next call.
func TestExpr(t *testing.T) {
	t.Parallel()
	const count = 8
	list := []task.Written{{At: 0, Text: "0x0"}, {At: 3, Text: "2+1"}, {At: 4, Text: "2^2"}, {At: 7, Text: "8-1"}}
	for _, ordered := range []bool{true, false} {
		var numbers []nat.Nat
		for i := range uint64(count) {
			numbers = append(numbers, nat.New(i))
		}
		got := make(map[uint64]string)
		var broken error
		c := New(Config{
			Kind: task.KindSquare, Ordered: ordered,
			Numbers: func(_ context.Context, r task.Range) ([]nat.Nat, error) { return numbers[r.First:r.End()], nil },
			Written: func(_ context.Context, r task.Range) ([]task.Written, error) { return task.WrittenIn(list, r), broken },
			Reread: func(context.Context, uint64) ([]byte, time.Time, error) {
				return nil, time.Time{}, errors.New("nothing is evicted")
			},
			Emit: func(item *Item) error {
				got[item.Position] += item.Expr + ";"
				return nil
			},
		})
		accept := func(r task.Range) error {
			result := &task.Result{Kind: task.KindSquare, Worker: "w", Attempt: 1}
			for i := r.First; i < r.End(); i++ {
				result.Items = append(result.Items, task.Factorization{Factors: []task.Factor{{P: nat.New(i * i), Exp: 1, Status: task.Value}}})
			}
			k, err := c.Check(t.Context(), Arrival{Range: r, Worker: "w", Seq: r.First + 1, Data: result.Encode()})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Accept(t.Context(), k)
			return err
		}
		if err := accept(task.Range{First: 3, Count: 3}); err != nil { // waits if ordered
			t.Fatal(err)
		}
		broken = errors.New("broken")
		if err := accept(task.Range{First: 0, Count: 3}); !errors.Is(err, broken) {
			t.Errorf("ordered %v: %v", ordered, err)
		}
		broken = nil
		if !ordered {
			if err := accept(task.Range{First: 0, Count: 3}); err != nil {
				t.Error(err)
			}
		}
		if err := c.GiveUp(t.Context(), task.Range{First: 6, Count: 2}, "no"); err != nil {
			t.Error(err)
		}
		want := map[uint64]string{0: "0x0;", 1: ";", 2: ";", 3: "2+1;", 4: "2^2;", 5: ";", 6: ";", 7: "8-1;"}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("ordered %v: %v, want %v", ordered, got, want)
		}
	}
}
