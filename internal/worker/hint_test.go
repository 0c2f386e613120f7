package worker

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// hintedKind answers each number after a second, and notes the divisors of each hint that it gets for it.
type hintedKind struct {
	journal *journal
	shares  int // yields to share at each tick once a hint names a part
}

func (k *hintedKind) Run(_ context.Context, numbers []nat.Nat, o RunOptions, done *[]task.Factorization) error {
	for _, n := range numbers {
		var last *task.Hint
		for range 20 {
			time.Sleep(50 * time.Millisecond)
			o.Tick()
			h := o.Hint()
			if h == nil || h == last {
				continue
			}
			last = h
			k.journal.add("%v: hint %v", n, h.Divisors)
			for i := range k.shares {
				r := task.Range{First: h.First + uint64(i), Count: 1}
				k.journal.add("share %v", o.Share(h.Child, r, task.Yield{Params: 7, Relations: []byte("relations")}))
			}
		}
		*done = append(*done, task.Factorization{Factors: []task.Factor{{P: n, Exp: 1, Status: task.Prime}}})
	}
	return nil
}

// hintFor returns a hint about a number of the job of rig.chunk.
func hintFor(position uint64, divisors ...uint64) *task.Hint {
	h := &task.Hint{Job: "job", Position: position, Composite: nat.FromBig(new(big.Int).Lsh(big.NewInt(1), 100))}
	for _, d := range divisors {
		h.Divisors = append(h.Divisors, nat.New(d))
	}
	return h
}

func newHintRig(t *testing.T, shares int) *rig {
	r, _ := newSieveRig(t, 1)
	r.Worker.config.Kinds["script"] = &hintedKind{r.journal, shares}
	return r
}

// TestHint: a hint reaches the computation of its number and no other, once for each that differs.
func TestHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newHintRig(t, 0)
		r.offer(r.chunk(10, 1010, 1011))
		r.Hint(hintFor(10, 2)) // too early: nothing runs
		r.start()
		time.Sleep(100 * time.Millisecond)
		other := hintFor(10, 3)
		other.Job = "other"
		for _, h := range []*task.Hint{hintFor(9, 3), hintFor(12, 3), other, hintFor(10, 5), hintFor(10, 5)} {
			r.Hint(h)
			time.Sleep(100 * time.Millisecond)
		}
		r.Hint(hintFor(10, 5, 7))
		time.Sleep(time.Second)
		r.Hint(hintFor(11, 11))
		time.Sleep(time.Second)
		r.offer(r.chunk(11, 1011)) // of the next task nothing is known
		time.Sleep(2 * time.Second)
		r.drain()
		got := slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" || s == "ack" || s[:3] == "res" })
		if want := "[1010: hint [5] 1010: hint [5 7] 1011: hint [11]]"; fmt.Sprint(got) != want {
			t.Errorf("got  %q\nwant %s", got, want)
		}
	})
}

// TestShare: the owner's yields are stored beside its computation. While the server stores nothing, two wait and the
// others are refused; when the number is answered, those that wait are dropped.
func TestShare(t *testing.T) {
	for _, blocked := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			shares := maxYields
			if blocked {
				shares++
			}
			r := newHintRig(t, shares)
			if blocked {
				r.outbox.blocked = make(chan struct{})
			}
			h := hintFor(10)
			h.Child, h.First, h.Params = task.ChildID("job", 10, h.Composite), 1<<40, []byte{1}
			r.offer(r.chunk(10, 1010))
			r.start()
			time.Sleep(100 * time.Millisecond)
			r.Hint(h)
			time.Sleep(2 * time.Second)
			if blocked {
				close(r.outbox.blocked)
			}
			r.drain()
			synctest.Wait() // for yields that were not dropped
			got := slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" })
			slices.Sort(got)
			want := []string{"1010: hint []", "ack", "result 10-1", "share true", "share true",
				"yield " + h.Child + " 1099511627776-1", "yield " + h.Child + " 1099511627777-1"}
			if blocked {
				want = slices.Insert(want[:5], 3, "share false")
			}
			if !slices.Equal(got, want) {
				t.Errorf("blocked %v\ngot  %q\nwant %q", blocked, got, want)
			}
		})
	}
}

// workKind notes RunOptions.Work.
type workKind struct{ journal *journal }

func (k workKind) Run(_ context.Context, numbers []nat.Nat, o RunOptions, done *[]task.Factorization) error {
	k.journal.add("work %v", o.Work)
	for _, n := range numbers {
		*done = append(*done, task.Factorization{Factors: []task.Factor{{P: n, Exp: 1, Status: task.Prime}}})
	}
	return nil
}

// TestWork: the effort spent before reaches the kind.
func TestWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.Worker.config.Kinds["script"] = workKind{r.journal}
		d := r.chunk(10, 1010)
		content, err := task.DecodeTask(d.Data)
		if err != nil {
			t.Fatal(err)
		}
		content.WorkDigits = 37.5
		d.Data = content.Encode()
		r.offer(d)
		r.start()
		time.Sleep(time.Second)
		r.drain()
		if got := r.journal.take(); !slices.Contains(got, "work 37.5") {
			t.Errorf("got %q", got)
		}
	})
}
