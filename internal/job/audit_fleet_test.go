package job

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/input"
	"factorfleet/internal/kind"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A lazyKind leaves all numbers unfinished and says that it has spent the budget. It waits in those of which
// waits is true until the task is interrupted.
type lazyKind struct {
	waits func(nat.Nat) bool
	other worker.Kind // computes the answers if not nil
}

func (k lazyKind) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	for i, n := range numbers {
		for k.waits(n) {
			o.Tick()
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(20 * time.Millisecond):
			}
		}
		if k.other != nil {
			if err := k.other.Run(ctx, numbers[i:i+1], o, done); err != nil {
				return err
			}
			continue
		}
		*done = append(*done, task.Factorization{
			Factors: []task.Factor{{P: n, Exp: 1, Status: task.Composite}}, Method: "unfinished after trial", CPU: time.Hour,
		})
	}
	return nil
}

// A lazyJob is a job of numbers that the worker "lazy" has left unfinished, and of one more, which is queued.
// Every claim is audited.
type lazyJob struct {
	*testFleet
	*running
	last *big.Int
}

const lazyClaims = leastLazy + fleet.MaxStrikes - 1

func newLazyJob(t *testing.T) *lazyJob {
	j := &lazyJob{testFleet: newTestFleet(t), last: new(big.Int).Mul(mersenne(89), mersenne(107))}
	var numbers strings.Builder
	for _, p := range primesAbove(33, lazyClaims) {
		fmt.Fprintln(&numbers, new(big.Int).Mul(p, mersenne(521)))
	}
	fmt.Fprintln(&numbers, j.last)
	chunking, err := plan.ParseChunking("1")
	if err != nil {
		t.Fatal(err)
	}
	j.running = j.testFleet.begin(func(ctx context.Context, w Watch, started func(string)) (*Summary, error) {
		w.audits = newAskedAudits()
		w.audits.oneIn = 1
		return Submit(ctx, j.Fleet, Submission{
			ID: "j", Kind: task.KindFactor, Class: task.ClassNorm, Chunking: chunking, Keep: time.Hour,
			Sources: []input.Source{input.From("-", strings.NewReader(numbers.String()))},
		}, w, started)
	})
	stop := j.workerOf("lazy", 1, map[string]worker.Kind{task.KindFactor: lazyKind{waits: j.isLast}}, nil)
	await(t, "the unfinished answers", func() bool { return j.out.len() == lazyClaims })
	stop()
	return j
}

func (j *lazyJob) isLast(n nat.Nat) bool { return n.Big().Cmp(j.last) == 0 }

// TestLazyWorker: numbers that a worker leaves unfinished are given to another one, and the lazy worker is
// quarantined. The lines that are printed stay.
func TestLazyWorker(t *testing.T) {
	t.Parallel()
	j := newLazyJob(t)
	j.workerOf("honest", 2, map[string]worker.Kind{task.KindFactor: lazyKind{j.isLast, kind.All()[task.KindFactor]}}, nil)
	await(t, "the quarantine", func() bool { return j.standing("lazy").Quarantined != nil })
	x := j.standing("lazy")
	if len(x.Strikes) != fleet.MaxStrikes || !strings.Contains(x.Reason, "lack divisors") {
		t.Errorf("%+v", x)
	}
	if j.out.len() != lazyClaims || j.standing("honest").Strikes != nil {
		t.Errorf("%d lines, honest: %+v", j.out.len(), j.standing("honest"))
	}
}

// TestAuditsLeft: the job ends although audits are queued and running, and leaves no task.
func TestAuditsLeft(t *testing.T) {
	t.Parallel()
	j := newLazyJob(t)
	all := func(nat.Nat) bool { return true }
	j.workerOf("busy", 1, map[string]worker.Kind{task.KindFactor: lazyKind{waits: all}}, nil)
	await(t, "the audits", func() bool { return j.held(schema.StreamTasks, "j") == lazyClaims+1 })
	answer := &task.Result{Kind: task.KindFactor, Worker: "good", Items: []task.Factorization{{Factors: []task.Factor{
		{P: nat.FromBig(mersenne(89)), Exp: 1, Status: task.PRP}, {P: nat.FromBig(mersenne(107)), Exp: 1, Status: task.PRP},
	}}}}
	j.put(fmt.Sprintf("FACTOR.results.j.%d-1.good", lazyClaims), answer.Encode())
	<-j.ended
	if j.err != nil || j.sum.Unfinished != lazyClaims || j.sum.Missing != 0 {
		t.Errorf("%+v, %v", j.sum, j.err)
	}
	if n := j.held(schema.StreamTasks, "j"); n != 0 {
		t.Errorf("%d tasks are left", n)
	}
}

// TestAuditIsUseful: an answer that audits a claim is not counted as useless, although its number is answered.
func TestAuditIsUseful(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	h.feed("j")
	in, err := h.Inputs(t.Context(), "j")
	if err != nil {
		t.Fatal(err)
	}
	r := newAuditRig(t, primesAbove(33, 2))
	covered := new(fakeCoverage)
	covered.Add(task.Range{First: 0, Count: 20})
	c := &checker{
		streams: newStreams(h.Fleet, "j", in), trust: new(fleet.Trust), audits: r.auditor, collector: covered, check: r.collector.Check,
	}
	r.answer("lazy", 0, false)
	_, refuted := c.verify(t.Context(), []collect.Arrival{r.arrival("w", 0, true), r.arrival("x", 1, true)})
	if u := c.of("w"); len(refuted) != 1 || u.useful != 1 || u.duplicates != 0 || u.overlap != 0 {
		t.Errorf("%v, %+v", refuted, u)
	}
	if u := c.of("x"); u.useful != 0 || u.duplicates != 1 || u.overlap == 0 {
		t.Errorf("a duplicate: %+v", u)
	}
}
