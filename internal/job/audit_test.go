package job

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// mersenne returns 2^k-1.
func mersenne(k uint) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), k)
	return n.Sub(n, big.NewInt(1))
}

// primesAbove returns the first count primes above 2^bits. Of those that the tests use, p-1 finds none.
func primesAbove(bits uint, count int) (list []*big.Int) {
	for n := new(big.Int).Lsh(big.NewInt(1), bits); len(list) < count; n = new(big.Int).Add(n, big.NewInt(1)) {
		m := new(big.Int).Exp(big.NewInt(3), new(big.Int).MulRange(1, 1000), n)
		if n.ProbablyPrime(0) && m.Cmp(big.NewInt(1)) != 0 {
			list = append(list, n)
		}
	}
	return list
}

// An auditRig has the numbers primes[i] * (2^521-1) * (2^607-1), and an auditor that chooses every claim.
type auditRig struct {
	*auditor
	t         *testing.T
	primes    []*big.Int
	collector *collect.Collector
	seq       uint64
}

func newAuditRig(t *testing.T, primes []*big.Int) *auditRig {
	asked := newAskedAudits()
	asked.oneIn = 1
	r := &auditRig{t: t, primes: primes, auditor: newAuditor(&task.Job{ID: "j"}, asked)}
	r.collector = collect.New(collect.Config{
		Kind: task.KindFactor, Emit: func(*collect.Item) error { return nil },
		Numbers: func(_ context.Context, s task.Range) (numbers []nat.Nat, _ error) {
			for _, p := range primes[s.First:s.End()] {
				n := new(big.Int).Mul(p, mersenne(521))
				numbers = append(numbers, nat.FromBig(n.Mul(n, mersenne(607))))
			}
			return numbers, nil
		},
	})
	return r
}

// arrival returns the answer of worker for number i, with or without the factor primes[i].
func (r *auditRig) arrival(worker string, i int, complete bool) collect.Arrival {
	r.t.Helper()
	left := new(big.Int).Mul(mersenne(521), mersenne(607))
	factors := []task.Factor{{P: nat.FromBig(r.primes[i]), Exp: 1, Status: task.Prime}}
	if !r.primes[i].IsUint64() {
		factors[0].Status = task.PRP
	}
	if !complete {
		left.Mul(left, r.primes[i])
		factors = nil
	}
	factors = append(factors, task.Factor{P: nat.FromBig(left), Exp: 1, Status: task.Composite})
	result := &task.Result{Kind: task.KindFactor, Worker: worker, Items: []task.Factorization{{Factors: factors}}}
	r.seq++
	return collect.Arrival{Range: task.Range{First: uint64(i), Count: 1}, Worker: worker, Seq: r.seq, Data: result.Encode()}
}

// answer has worker give that answer, and returns what wants says and what note returns.
func (r *auditRig) answer(worker string, i int, complete bool) (wanted bool, refuted []refutation) {
	r.t.Helper()
	a := r.arrival(worker, i, complete)
	wanted = r.wants(&a)
	k, err := r.collector.Check(r.t.Context(), a)
	if err != nil {
		r.t.Fatal(err)
	}
	return wanted, r.note(&k)
}

// TestAudit: a worker that leaves out easy divisors gets strikes from the fourth on.
func TestAudit(t *testing.T) {
	r := newAuditRig(t, primesAbove(33, 6))
	for i := range r.primes {
		if wanted, refuted := r.answer("lazy", i, false); wanted || refuted != nil {
			t.Fatalf("claim %d: %v, %v", i, wanted, refuted)
		}
	}
	if wanted, refuted := r.answer("lazy", 0, true); wanted || refuted != nil {
		t.Errorf("a second answer of the same worker: %v, %v", wanted, refuted)
	}
	for i := range r.primes {
		wanted, refuted := r.answer("other", i, true)
		if !wanted || len(refuted) != 1 || refuted[0].worker != "lazy" || refuted[0].asked {
			t.Fatalf("audit %d: %v, %+v", i, wanted, refuted)
		}
		x := refuted[0].strike
		if (x != nil) != (i >= leastLazy-1) {
			t.Errorf("audit %d: strike %+v", i, x)
		}
		if x != nil && (x.Job != "j" || x.Range != fmt.Sprintf("%d-1", i) || x.Seq != uint64(i+1) || !strings.Contains(x.Reason, fmt.Sprintf("%d of %d", i+1, i+1))) {
			t.Errorf("audit %d: strike %+v", i, x)
		}
		if wanted, refuted := r.answer("third", i, true); wanted || refuted != nil {
			t.Errorf("a third answer: %v, %v", wanted, refuted)
		}
	}
}

// TestAuditReplayed: a watcher that starts later finds the same strikes in the stored results.
func TestAuditReplayed(t *testing.T) {
	r := newAuditRig(t, primesAbove(33, leastLazy))
	c := &checker{streams: new(streams), trust: new(fleet.Trust), audits: r.auditor, check: r.collector.Check}
	var stored []collect.Arrival
	for _, worker := range []string{"lazy", "other", "third"} {
		for i := range r.primes {
			stored = append(stored, r.arrival(worker, i, worker != "lazy"))
		}
	}
	outcomes, refuted := c.verify(t.Context(), stored)
	for i := range outcomes {
		if (outcomes[i].checked.Numbers() != nil) != (i < 2*leastLazy) || outcomes[i].err != nil {
			t.Errorf("result %d: %+v", i, outcomes[i])
		}
	}
	if len(refuted) != leastLazy || refuted[leastLazy-1].strike == nil {
		t.Errorf("%+v", refuted)
	}
}

// TestAuditOfSlowWorker: no worker gets a strike for divisors that a slow machine misses, or for
// numbers that others leave unfinished as well, or for one easy divisor in many.
func TestAuditOfSlowWorker(t *testing.T) {
	hard := newAuditRig(t, primesAbove(90, 40))
	for i := range hard.primes {
		hard.answer("slow", i, false)
		if _, refuted := hard.answer("fast", i, true); len(refuted) != 1 || refuted[0].strike != nil {
			t.Fatalf("audit %d: %+v", i, refuted)
		}
	}
	if c := hard.tallies["slow"]; c.audited != 40 || c.lazy != 0 {
		t.Errorf("%+v", c)
	}
	mixed := newAuditRig(t, primesAbove(33, 80))
	for i := range mixed.primes {
		mixed.answer("honest", i, false)
		if _, refuted := mixed.answer("other", i, i%10 == 9); (len(refuted) == 1) != (i%10 == 9) || len(refuted) > 0 && refuted[0].strike != nil {
			t.Fatalf("audit %d: %+v", i, refuted)
		}
	}
}

// TestAuditsDue: an audit is queued again after a while, up to maxAudits times, unless the number is answered.
func TestAuditsDue(t *testing.T) {
	r := newAuditRig(t, primesAbove(33, 20))
	for i := range r.primes {
		r.answer("lazy", i, false)
	}
	now := time.Now()
	if due := r.due(now, func(string) bool { return false }); due != nil {
		t.Errorf("due without another worker: %v", due)
	}
	due := r.due(now, func(claimed string) bool { return claimed == "lazy" })
	if len(due) != auditsAtOnce {
		t.Errorf("due: %v", due)
	}
	for i := range r.primes[1:] {
		r.answer("other", i+1, false)
	}
	for times := range maxAudits {
		if due := r.due(now, nil); !slices.Equal(due, []uint64{0}) {
			t.Fatalf("time %d: due %v", times, due)
		}
		r.ask(0, now)
		if wait := (2*r.claims[0].budget + time.Minute) << times; len(r.due(now.Add(wait-1), nil)) != 0 {
			t.Errorf("time %d: due within %v", times, wait)
		} else {
			now = now.Add(wait)
		}
	}
	if due := r.due(now.Add(time.Hour), nil); len(due) != 0 {
		t.Errorf("due %v after %d times", due, maxAudits)
	}
	if other := newAuditor(&task.Job{ID: "j"}, r.asked); !other.hasAsked() || newAuditor(&task.Job{ID: "k"}, r.asked).hasAsked() {
		t.Error("another watch of the process does not know what was queued")
	}
	if _, refuted := r.answer("other", 0, true); len(refuted) != 1 || !refuted[0].asked {
		t.Errorf("%+v", refuted)
	}
}

// TestAuditChoice: one claim in sixteen is chosen, and one in 64 once sixteen were chosen. So a worker that repeats its
// own numbers, because it is most of the fleet, does not repeat more and more of them.
func TestAuditChoice(t *testing.T) {
	u := newAuditor(&task.Job{ID: "j"}, nil)
	count := func() int {
		u.claims, u.chosen = make(map[uint64]*claim), nil
		for at := range uint64(maxClaims) {
			u.add(at, &collect.Checked{Arrival: collect.Arrival{Worker: "w"}}, new(claim))
		}
		return len(u.chosen)
	}
	if n := count(); n < maxClaims/auditMany/2 || n > auditEnough+maxClaims/auditMany*2 {
		t.Errorf("%d of %d for a worker without refuted claims", n, maxClaims)
	}
	u.tallies["w"].lazy = 1
	if n := count(); n < maxClaims/auditFew/2 || n > maxClaims/auditFew*2 {
		t.Errorf("%d of %d", n, maxClaims)
	}
}
