package job

import (
	"context"
	"math/big"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/input"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// oneKind answers each number with the factor that the task names, if a first factor is enough.
type oneKind struct{}

func (oneKind) Run(_ context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	for i, n := range numbers {
		if known := task.FactorsAt(o.Known, i); o.One && len(known) == 1 {
			*done = append(*done, firstFactor(n, known[0]))
		}
	}
	return nil
}

// firstFactor returns the answer of oneKind: p is a prime factor of n, and the rest is composite.
func firstFactor(n, p nat.Nat) task.Factorization {
	rest := new(big.Int).Div(n.Big(), p.Big())
	return task.Factorization{
		Factors: []task.Factor{{P: p, Exp: 1, Status: task.Prime}, {P: nat.FromBig(rest), Exp: 1, Status: task.Composite}},
		Method:  "known; unfinished after trial; a first factor is enough", CPU: time.Millisecond,
	}
}

// hardJob returns a submission of three hard numbers, each a task.
func hardJob(t *testing.T, numbers string) Submission {
	chunking, err := plan.ParseChunking("1")
	if err != nil {
		t.Fatal(err)
	}
	return Submission{
		ID: "j", Kind: task.KindFactor, Class: task.ClassNorm, Chunking: chunking, Keep: time.Hour,
		Sources: []input.Source{input.From("-", strings.NewReader(numbers))},
	}
}

// TestFirstFactor: in a job for which a first factor is enough, answers with one need no effort and count as complete. A
// worker that answers without one has to have spent the budget, and one that claims a composite to be prime is wrong as
// always.
func TestFirstFactor(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	primes := primesAbove(33, 3)
	var lines strings.Builder
	for _, p := range primes { // p and two large primes
		n := new(big.Int).Mul(new(big.Int).Mul(p, mersenne(607)), mersenne(1279))
		lines.WriteString(n.String() + "=" + p.String() + "\n")
	}
	sub := hardJob(t, lines.String())
	sub.One = true
	j := h.submit(h.Fleet, sub)
	await(t, "the tasks", func() bool { return h.held(schema.StreamTasks, "j") == 3 })
	p := nat.FromBig(primes[1])
	n := nat.FromBig(new(big.Int).Mul(new(big.Int).Mul(primes[1], mersenne(607)), mersenne(1279)))
	nothing := task.Factorization{
		Factors: []task.Factor{{P: n, Exp: 1, Status: task.Composite}}, Method: "unfinished after trial; a first factor is enough", CPU: time.Millisecond,
	}
	prime, wrong := firstFactor(n, p), firstFactor(n, nat.FromBig(primes[0]))
	prime.Factors[1].Status = task.PRP
	for who, answer := range map[string]task.Factorization{"nothing": nothing, "prime": prime, "wrong": wrong} {
		r := task.Result{Kind: task.KindFactor, Worker: who, Items: []task.Factorization{answer}, Asked: task.HashNumbers([]nat.Nat{n})}
		h.put(schema.ResultSubject("j", task.Range{First: 1, Count: 1}, who), r.Encode())
		await(t, "the strike of "+who, func() bool { return len(h.standing(who).Strikes) == 1 })
	}
	if reason := h.standing("nothing").Strikes[0].Reason; !strings.Contains(reason, "before its budget") {
		t.Errorf("the answer without a factor: %s", reason)
	}
	h.workerOf("w", 1, map[string]worker.Kind{task.KindFactor: oneKind{}}, nil)
	<-j.ended
	if j.err != nil || j.sum.Verified != 3 || j.sum.Unfinished != 0 || !j.sum.Clean() || !j.sum.Job.One || j.sum.Job.Schema != 2 {
		t.Errorf("%+v, %v", j.sum, j.err)
	}
	if s := h.standing("w"); len(s.Strikes) > 0 {
		t.Errorf("w has strikes: %+v", s.Strikes)
	}
}

// knownKind answers each number if the task names the factor 7 of it, and else fails.
type knownKind struct{ t *testing.T }

func (k knownKind) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	for i, n := range numbers {
		if known := task.FactorsAt(o.Known, i); len(known) != 1 {
			k.t.Errorf("the task of %v has the known factors %v of %v", o.Range, known, n)
		} else {
			*done = append(*done, lucky(n, known[0]))
		}
	}
	return nil
}

// lucky returns the answer of a number of which p and the rest are prime.
func lucky(n, p nat.Nat) task.Factorization {
	return task.Factorization{Method: "known", Factors: []task.Factor{
		{P: p, Exp: 1, Status: task.PRP}, {P: nat.FromBig(new(big.Int).Div(n.Big(), p.Big())), Exp: 1, Status: task.PRP},
	}}
}

// knownNumbers returns lines of products of two primes with one of them.
func knownNumbers(count int) string {
	var lines strings.Builder
	for _, p := range primesAbove(90, count) {
		lines.WriteString(new(big.Int).Mul(p, mersenne(521)).String() + "=" + p.String() + "\n")
	}
	return lines.String()
}

// TestKnownTravel: tasks carry the factors that the input has, whether the feeder queues them
// or the holder of a throttled job.
func TestKnownTravel(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	run := func(id string, change func(*Submission)) {
		sub := hardJob(t, knownNumbers(3))
		sub.ID = id
		change(&sub)
		if _, err := Feed(t.Context(), h.Fleet, sub, Watch{}, func(string) {}); err != nil {
			t.Fatal(err)
		}
		j := h.wait(h.other(), id)
		<-j.ended
		if j.err != nil || j.sum.Verified != 3 || j.sum.Unfinished != 0 {
			t.Errorf("%s: %+v, %v", id, j.sum, j.err)
		}
	}
	h.workerOf("w", 1, map[string]worker.Kind{task.KindFactor: knownKind{t}}, nil)
	run("fed", func(*Submission) {})
	run("throttled", func(s *Submission) { s.Rules.MaxRunning = 2 })
	run("together", func(s *Submission) { s.Chunking, _ = plan.ParseChunking("3") })
}

// TestKnownOfLostTasks: a process that finds tasks lost queues them with the known factors of the stored input.
func TestKnownOfLostTasks(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	if _, err := Feed(t.Context(), h.Fleet, hardJob(t, knownNumbers(3)), Watch{}, func(string) {}); err != nil {
		t.Fatal(err)
	}
	h.deleteMessage(schema.StreamTasks, "FACTOR.tasks.norm.j.0-1.0")
	h.deleteMessage(schema.StreamTasks, "FACTOR.tasks.norm.j.2-1.0")
	h.workerOf("w", 1, map[string]worker.Kind{task.KindFactor: knownKind{t}}, nil)
	j := h.wait(h.other(), "j")
	<-j.ended
	if j.err != nil || j.sum.Verified != 3 || j.sum.Requeued == 0 {
		t.Errorf("%+v, %v", j.sum, j.err)
	}
}
