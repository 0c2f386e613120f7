package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A groupHandle acks others together with its own delivery.
type groupHandle struct {
	*fakeHandle
	refuseGroups bool
}

func (h groupHandle) AckGroup(_ context.Context, others []Handle) error {
	if h.refuseGroups {
		h.journal.add("acks refused")
		return errors.New("refused")
	}
	h.journal.add("acks of %d", 1+len(others))
	return nil
}

// grouped gives d a handle that acks in groups.
func (r *rig) grouped(d *Delivery, refuse bool) *Delivery {
	d.Handle = groupHandle{&fakeHandle{journal: r.journal}, refuse}
	return d
}

// TestGroups: while the result of the first task is on its way the next ones gather. Their answers are stored as one
// result, and acked together.
func TestGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.outbox.blocked = make(chan struct{})
		var numbers []nat.Nat
		for i := range uint64(10) {
			r.offer(r.grouped(r.chunk(2*i, i%3, 1), false))
			numbers = append(numbers, nat.New(i%3), nat.New(1))
		}
		r.start()
		time.Sleep(time.Second)
		r.wantJournal()
		close(r.outbox.blocked)
		synctest.Wait()
		r.wantJournal("result 0-2", "ack", "result 2-18", "acks of 9")
		got := r.outbox.results["2-18"]
		if got.Kind != "script" || got.Worker != "w1" || got.Attempt != 1 || got.Elapsed < 15*time.Millisecond || got.Asked != task.HashNumbers(numbers[2:]) {
			t.Errorf("%+v", got)
		}
		if got.ChunkCount != 2 || got.ChunkBefore != 0 || got.Kernels != "avx2" || got.Ended.Sub(got.Began) < 15*time.Millisecond {
			t.Errorf("the origin is %+v", got.Origin)
		}
		for i, item := range got.Items {
			if item.Factors[0].P.Cmp(numbers[2+i]) != 0 {
				t.Errorf("answer %d is %v, want %v", i, item.Factors, numbers[2+i])
			}
		}
		if s := r.Stats(); s.Tasks != 10 || s.Held != 0 {
			t.Errorf("%+v", s)
		}
		if err := r.drain(); err != nil {
			t.Error(err)
		}
	})
}

// TestGroupsAreBounded: while the server is away, only so many tasks are in groups, and slots wait.
func TestGroupsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		r.outbox.blocked = make(chan struct{})
		for i := range uint64(8000) {
			r.offer(r.chunk(i, 0))
		}
		r.start()
		time.Sleep(5 * time.Second)
		r.mu.Lock()
		if r.groups != maxGroups || r.gathered.len != maxUnsettled || r.busy != 2 {
			t.Errorf("%d groups, %d gathered, %d busy", r.groups, r.gathered.len, r.busy)
		}
		r.mu.Unlock()
		if s, most := r.Stats(), 2*2*maxSlotTasks+maxUnsettled+maxGroups*groupMost+pullTasks; s.Held > most {
			t.Errorf("%d held, want %d at most", s.Held, most)
		}
		close(r.outbox.blocked)
		time.Sleep(time.Second)
		if s := r.Stats(); s.Tasks != 8000 || s.Held != 0 || r.groups != 0 || r.journal.count("ack") != 8000 {
			t.Errorf("%+v, %d groups, %d acks", s, r.groups, r.journal.count("ack"))
		}
		if err := r.drain(); err != nil {
			t.Error(err)
		}
	})
}

// TestGroupIsRefused: if a joined result cannot be stored each delivery is settled by itself, and if the ack of a group
// fails each is acked by itself. None is acked whose result is not stored.
func TestGroupIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.outbox.blocked = make(chan struct{})
		r.outbox.refuse = func(x task.Range) bool { return x.Count > 1 || x.First == 2 }
		for i := range uint64(4) {
			r.offer(r.grouped(r.chunk(i, 1), false))
		}
		r.start()
		time.Sleep(time.Second)
		close(r.outbox.blocked)
		synctest.Wait()
		got := r.journal.take()
		slices.Sort(got) // they are settled at the same time
		if want := []string{"ack", "ack", "ack", "result 0-1", "result 1-1", "result 1-3 refused", "result 2-1 refused", "result 3-1"}; !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
		r.outbox.refuse = nil
		for i := range uint64(3) {
			r.offer(r.grouped(r.chunk(10+i, 0), true))
		}
		time.Sleep(time.Second)
		if r.journal.count("ack") != 3+r.journal.count("acks refused") || r.Stats().Held != 0 {
			t.Errorf("%q", r.journal.take())
		}
		r.drain()
	})
}

// TestJoinable: only complete answers of first attempts are joined.
func TestJoinable(t *testing.T) {
	answered := func() *Delivery {
		d := &Delivery{Address: task.Address{Job: "job", Range: task.Range{First: 3, Count: 1}, Round: task.FirstRound}, Attempt: 1}
		items := []task.Factorization{{Factors: []task.Factor{{P: nat.New(7), Exp: 1, Status: task.Prime}}}}
		d.outcome.answer(d.Range, []nat.Nat{nat.New(7)}, task.Result{Items: items})
		d.outcome.noteAsked([]nat.Nat{nat.New(7)}, items)
		return d
	}
	if !answered().joinable() {
		t.Fatal("a short task is not joined")
	}
	for name, change := range map[string]func(*Delivery){
		"second attempt":    func(d *Delivery) { d.Attempt = 2 },
		"second round":      func(d *Delivery) { d.Round = "2x" },
		"died before":       func(d *Delivery) { d.deaths = 1 },
		"long held":         func(d *Delivery) { d.urgent = true },
		"of a part":         func(d *Delivery) { d.expendable = true },
		"dropped":           func(d *Delivery) { d.outcome.drop() },
		"returned in part":  func(d *Delivery) { d.outcome.handBack(d.Range, task.Return{}) },
		"part of the range": func(d *Delivery) { d.Range.Count = 2 },
		"too long":          func(d *Delivery) { d.outcome.results[0].data = make([]byte, joinBytes) },
		"unfinished": func(d *Delivery) {
			d.outcome.noteAsked([]nat.Nat{nat.New(7)}, []task.Factorization{{Factors: []task.Factor{{P: nat.New(7), Exp: 1, Status: task.Composite}}}})
		},
	} {
		d := answered()
		if change(d); d.joinable() {
			t.Errorf("%s: is joined", name)
		}
	}
	// The steps of a group are those that the rules of attempts decide for each of its deliveries.
	for _, lapsed := range []bool{false, true} {
		want := attempt.Settlement{Results: true, Records: true, Returns: true, End: attempt.Ack}
		if s := attempt.Settle(attempt.Outcome{Verdict: attempt.Answered, Attempt: 1, Lapsed: lapsed}); s != want {
			t.Errorf("lapsed %v: %+v", lapsed, s)
		}
	}
}

// TestJoinRuns: adjacent ranges of one job are joined, up to the limits, unless their tasks differ.
func TestJoinRuns(t *testing.T) {
	delivery := func(job string, first, count uint64, budget time.Duration) *Delivery {
		d := &Delivery{Address: task.Address{Class: task.ClassNorm, Job: job, Range: task.Range{First: first, Count: count}, Round: task.FirstRound}, Attempt: 1}
		numbers, items := make([]nat.Nat, count), make([]task.Factorization, count)
		for i := range numbers {
			numbers[i] = nat.New(first + uint64(i))
			items[i] = task.Factorization{Factors: []task.Factor{{P: numbers[i], Exp: 1, Status: task.Value}}, Method: "m"}
		}
		d.outcome.answer(d.Range, numbers, task.Result{Kind: "k", Budget: budget, Items: items})
		d.outcome.noteAsked(numbers, items)
		return d
	}
	for name, test := range map[string]struct {
		group []*Delivery
		want  string
	}{
		"in any order": {[]*Delivery{delivery("a", 3, 2, 0), delivery("a", 5, 1, 0), delivery("a", 0, 3, 0)}, "[0-6]"},
		"a gap":        {[]*Delivery{delivery("a", 0, 1, 0), delivery("a", 2, 1, 0), delivery("a", 3, 1, 0)}, "[0-1 2-2]"},
		"two jobs":     {[]*Delivery{delivery("b", 1, 1, 0), delivery("a", 0, 1, 0), delivery("b", 0, 1, 0)}, "[0-1 0-2]"},
		"two budgets":  {[]*Delivery{delivery("a", 0, 1, 0), delivery("a", 1, 1, 5)}, "[0-1 1-1]"},
		"twice":        {[]*Delivery{delivery("a", 0, 1, 0), delivery("a", 0, 1, 0), delivery("a", 1, 1, 0)}, "[0-1 0-2]"},
		"many": {[]*Delivery{delivery("a", 0, joinCount-1, 0), delivery("a", joinCount-1, 1, 0), delivery("a", joinCount, 1, 0)},
			fmt.Sprintf("[0-%d %d-1]", joinCount, joinCount)},
	} {
		var got []task.Range
		var held int
		for _, run := range joinRuns(slices.Clone(test.group)) {
			got = append(got, run.result.r)
			held += len(run.deliveries)
			result, err := task.DecodeResult(run.result.data)
			if err != nil || uint64(len(result.Items)) != run.result.r.Count {
				t.Fatalf("%s: %v: %+v, %v", name, run.result.r, result, err)
			}
			for i, item := range result.Items {
				if n, _ := item.Factors[0].P.Word(); n != run.result.r.First+uint64(i) {
					t.Errorf("%s: %v: answer %d is %d", name, run.result.r, i, n)
				}
			}
		}
		if fmt.Sprint(got) != test.want || held != len(test.group) {
			t.Errorf("%s: %v of %d deliveries, want %s", name, got, held, test.want)
		}
	}
}
