package test

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// Whatever workers do with their credentials while others sieve one number together, the number gets a right answer, and
// nothing of the sieve is left. Each subtest has one number, and one hostile worker for each attack, all at once: the
// names of the workers are those of the attacks. Those that send what can be refuted are named.
func TestHostileCampaign(t *testing.T) {
	t.Parallel()
	f := besiege(t, siegeAckWait)
	f.honest("worker-1", "-n 1")
	f.honest("worker-2", "-n 1")
	for _, group := range []struct {
		name    string
		digits  int
		attacks []campaignAttack
	}{
		{"yields", 66, []campaignAttack{
			{"false-relations", falseRelations, quarantined},
			{"no-yields", noYields, quarantined},
			{"empty-yields", emptyYields, nil},
			{"never-issued", neverIssued, nil},
			{"flood", yieldFlood, named},
			{"other-results", otherResults, quarantined},
		}},
		{"heartbeats", 64, []campaignAttack{
			{"non-divisors", nonDivisors, named},
			{"composites", everyComposite, nil},
			{"slots", manySlots, nil},
			{"holding", holdsSieves, nil},
		}},
		{"queue", 62, []campaignAttack{
			{"letters", lettersOfChild, nil},
			{"eater", eatSieves, nil},
			{"orders", forgedOrders, nil},
		}},
		{"old version", 62, []campaignAttack{{"old", oldVersion, nil}}},
	} {
		t.Run(group.name, func(t *testing.T) { f.campaign(t, group.digits, group.attacks) })
	}
	for _, name := range []string{"worker-1", "worker-2"} {
		if c := f.charge(name); len(c.Strikes) > 0 || c.Quarantined != nil {
			t.Errorf("%s has %d strikes, complaints %s", name, len(c.Strikes), c.Complaints)
		}
	}
	if lines := strings.Count(f.stderr.String(), "\n"); lines > 300 {
		t.Errorf("the supervisor has said %d lines, the last:\n%s", lines, f.tail())
	}
	f.noParts()
}

// noParts waits until no manifest of a campaign is left.
func (f *siege) noParts() {
	f.t.Helper()
	s, err := f.admin().Stream(f.t.Context(), schema.BucketStream(schema.BucketJobs))
	if err != nil {
		f.t.Fatal(err)
	}
	eventually(f.t, "nothing of the campaigns is left", func() bool {
		_, err = s.GetLastMsgForSubject(f.t.Context(), schema.KeyPrefix(schema.BucketJobs)+"part.*.*")
		return err != nil
	})
}

// TestHostileOwner: a worker takes the only number, says that it is at work on it, and never answers. Others sieve the
// number, and then one of them gets it.
func TestHostileOwner(t *testing.T) {
	t.Parallel()
	f := besiege(t, siegeAckWait)
	n := twoPrimes(t, 62)
	numbers := n.String() + "\n"
	x := &campaignTarget{job: "j", n: nat.FromBig(n)}
	var held *nats.Msg
	f.attack(func(m *mallory) {
		if held == nil {
			if got := m.pull(1, 100*time.Millisecond); len(got) > 0 {
				held = got[0]
			}
			return
		}
		m.settle(held, "+WPI")
		m.beat("x", map[string]any{"busy": 1, "held": 1, "holding": []string{"j.0-1.0"}, "activities": []map[string]any{x.activity("j", 0, n, time.Hour)}})
	})
	f.submit("j", "--campaign always", numbers)
	f.expect("mallory names the number", func() bool { return f.owner("j") == "mallory" })
	f.honest("worker-1", "-n 1")
	f.answers("j", numbers)
	if !strings.Contains(f.stderr.String(), "a divisor of the composite was found") {
		t.Errorf("no campaign has found a divisor:\n%s", f.tail())
	}
}

// A campaignAttack is what one hostile worker does again and again.
type campaignAttack struct {
	name string
	step func(*campaignTarget, *mallory)
	want func(*charge) bool // what is held against the worker in the end; nil = anything
}

func quarantined(c *charge) bool { return c.Quarantined != nil }
func named(c *charge) bool       { return c.holds() }

// A campaignTarget is the campaign under attack. Attacks run at the same time and do not change it.
type campaignTarget struct {
	job, child string
	n          nat.Nat
	params     siqs.Params
	bytes      []byte   // of params
	yields     [][]byte // of the coefficients 0, 1, ...; those without relations are empty
}

// target makes the campaign of a job before the job is submitted: all of it follows from the number.
func target(t *testing.T, job string, n *big.Int) *campaignTarget {
	t.Helper()
	alive := func() error { return nil }
	params, err := siqs.NewParams(alive, n)
	if err != nil {
		t.Fatal(err)
	}
	x := &campaignTarget{job: job, n: nat.FromBig(n), params: params, bytes: params.Append(nil)}
	x.child = task.ChildID(job, 0, x.n)
	shared, err := siqs.NewShared(alive, params)
	var sieve siqs.Sieve
	if err == nil {
		err = sieve.Use(alive, shared)
	}
	const coefficients = 12
	each := func() (flush, stop bool) { return true, false }
	err = errors.Join(err, sieve.Yield(alive, 0, coefficients, each, func(first, _ uint64, relations []byte) {
		for uint64(len(x.yields)) < first {
			x.yields = append(x.yields, nil)
		}
		x.yields = append(x.yields, append([]byte(nil), relations...))
	}))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// relations returns the coefficient of a yield that has relations, and these.
func (x *campaignTarget) relations() (coefficient uint64, relations []byte) {
	for i, y := range x.yields {
		if len(y) > 100 {
			return uint64(i), y
		}
	}
	return 0, nil
}

// yield stores a yield for some coefficients.
func (x *campaignTarget) yield(m *mallory, r task.Range, relations []byte) {
	y := task.Yield{Kind: task.KindSieve, Worker: m.name, Version: "1", Params: x.params.Sum(), Relations: relations}
	m.send(schema.ResultSubject(x.child, r, m.name), y.Encode())
}

// campaign has a number factored while all attacks go on.
func (f *siege) campaign(t *testing.T, digits int, attacks []campaignAttack) {
	job := "j" + fmt.Sprint(time.Now().UnixNano()%1e9)
	n := twoPrimes(t, digits)
	x := target(t, job, n)
	var stops []func()
	for _, a := range attacks {
		run(t, "embedded", "keys add worker "+a.name, arguments("--secure", f.keys)).wantCode(0)
		stops = append(stops, f.attackAs(a.name, func(m *mallory) { a.step(x, m) }))
	}
	numbers := n.String() + "\n"
	f.submit(job, "--campaign always", numbers)
	f.answers(job, numbers)
	for i, a := range attacks {
		var c charge
		if a.want != nil {
			f.expect(a.name+" is named", func() bool { c = f.charge(a.name); return a.want(&c) })
		} else {
			c = f.charge(a.name)
		}
		t.Logf("%s: %d strikes, quarantined %v, complaints %s", a.name, len(c.Strikes), c.Quarantined != nil, c.Complaints)
		stops[i]()
	}
}
