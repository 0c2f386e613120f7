package worker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

func TestProgressString(t *testing.T) {
	for want, p := range map[string]NumberProgress{
		"siqs 43% of 85,000 relations, 2 cores, about 50 s left": {Method: "siqs", Done: 36_975, Total: 85_000, Cores: 2, Left: 49*time.Second + 1},
		"siqs 99% of 999 relations, 1 core, about 1 s left":      {Method: "siqs", Done: 999, Total: 999, Cores: 1, Left: time.Millisecond},
		"ecm B1=50000 0% of 232 curves, 64 cores":                {Method: "ecm", B1: 50000, Total: 232, Cores: 64},
		"p-1 B1=2500000, 1 core, about 2 min left":               {Method: "p-1", B1: 2500000, Cores: 1, Left: 2 * time.Minute},
		"ecm B1=50000, 4 cores, about 10 s left":                 {Method: "ecm", B1: 50000, Cores: 4, Left: 10 * time.Second, Budget: 40 * time.Second},
		"ecm B1=50000, 5 cores":                                  {Method: "ecm", B1: 50000, Cores: 5, Left: 10 * time.Second, Budget: 40 * time.Second},
		"linear algebra, 8 cores, about 20 h left":               {Method: "linear algebra", Cores: 8, Left: 19*time.Hour + time.Second},
		"siqs 50% of 1,234,567 relations, 1 core":                {Method: "siqs", Done: 617_284, Total: 1_234_567, Cores: 1},
	} {
		if got := p.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestAhead: a number that others may help with is not displaced by others because its time is unknown.
func TestAhead(t *testing.T) {
	list := []NumberProgress{
		{Composite: "7"},
		{Left: time.Hour},
		{Composite: "7", Budget: time.Minute},
		{Composite: "7", Left: 30 * time.Second, Budget: time.Hour},
		{Budget: time.Hour},
	}
	if !slices.IsSortedFunc(list, func(a, b NumberProgress) int { return cmp.Compare(b.ahead(), a.ahead()) }) {
		t.Error("the order is another one")
	}
}

// talkKind reports n relations for a number n, and then takes n seconds.
type talkKind struct{ heard *journal } // budgets

func (talkKind) Budget(n nat.Nat) time.Duration {
	v, _ := n.Word()
	return time.Duration(v) * time.Minute
}

func (k talkKind) Run(ctx context.Context, numbers []nat.Nat, o RunOptions, done *[]task.Factorization) error {
	k.heard.add("%v", o.Budget)
	for _, n := range numbers {
		v, _ := n.Word()
		if v > 1 {
			o.Progress(NumberProgress{Method: "siqs", Done: v, Total: 100, Cores: 1, Left: time.Duration(v) * time.Second})
		}
		for range 10 * v {
			select {
			case <-time.After(100 * time.Millisecond):
				o.Tick()
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		*done = append(*done, task.Factorization{Factors: []task.Factor{{P: n, Exp: 1, Status: task.Prime}}, Method: "talk"})
	}
	return nil
}

// talkRig returns a rig with a talkKind, and the budgets that the kind receives.
func talkRig(t *testing.T, slots int) (*rig, *journal) {
	heard := new(journal)
	r := newRig(t, slots)
	r.config.Kinds = map[string]Kind{"script": talkKind{heard}}
	return r, heard
}

// TestActivities: Stats list the present numbers whose computation has reported progress, until they end.
func TestActivities(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := talkRig(t, 10)
		for i := range uint64(10) {
			r.offer(r.chunk(100*i, 4, 1, 20+i))
		}
		r.start()
		show := func() (text string) {
			list := r.Stats().Activities
			slices.SortStableFunc(list, func(a, b Activity) int { return int(a.Position) - int(b.Position) })
			for _, a := range list {
				text += fmt.Sprintf("%s %d %d/%d; ", a.Job, a.Position, a.Done, a.Total)
			}
			return text
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := show(); strings.Count(got, "; ") != MaxActivities || strings.Count(got, " 4/100; ") != MaxActivities || !strings.HasPrefix(got, "job ") {
			t.Errorf("first %q", got)
		}
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if got := show(); got != "" {
			t.Errorf("between %q", got)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := show(); strings.Count(got, "; ") != MaxActivities || strings.Contains(got, " 20/100") || strings.Contains(got, " 21/100") || !strings.Contains(got, "job 902 29/100; ") {
			t.Errorf("those that take longest are %q", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := show(); got != "" {
			t.Errorf("last %q", got)
		}
		r.drain()
	})
}

// TestBudgets: the budget of the task counts, else that of the worker, else that of the kind for each number.
// A number is overdue by the longest of these.
func TestBudgets(t *testing.T) {
	for _, test := range []struct {
		task, config, want, limit time.Duration
	}{
		{5 * time.Second, 7 * time.Second, 5 * time.Second, 230 * time.Second},
		{0, 7 * time.Second, 7 * time.Second, 310 * time.Second},
		{0, 0, 0, 40*2*time.Minute + 30*time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, heard := talkRig(t, 1)
			r.config.Budget = test.config
			d := r.chunk(0, 1, 2)
			tk, err := task.DecodeTask(d.Data)
			if err != nil {
				t.Fatal(err)
			}
			tk.Budget = test.task
			d.Data = tk.Encode()
			r.offer(d)
			r.start()
			time.Sleep(time.Second / 2)
			synctest.Wait()
			if got := time.Duration(r.slots[0].limit.Load()); got != test.limit {
				t.Errorf("%+v: overdue after %v", test, got)
			}
			time.Sleep(time.Minute)
			if got := heard.take(); !slices.Equal(got, []string{test.want.String()}) {
				t.Errorf("%+v: the kind has got %v", test, got)
			}
			r.drain()
		})
	}
}
