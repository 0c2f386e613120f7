package job

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestCampaignBegins: a campaign begins only for a composite that divides the number, has no answer yet, and is worth
// while. Whatever else a worker names begins none.
func TestCampaignBegins(t *testing.T) {
	t.Parallel()
	w := newCampaignWorld(t, 110, true)
	c := newCampaigns(w.other(), zerolog.Nop(), "s", func(context.Context, string, string) bool { return false })
	c.every = 50 * time.Millisecond
	fleettest.Background(t, func(ctx context.Context) error { c.run(ctx); return nil })
	fleettest.Await(t, "the workers are known", func() bool { return c.candidates.Load() != nil })
	w.siever("idle")
	fleettest.Await(t, "free slots", func() bool { return c.registry.SieveSlots(nil).Idle >= 2 })
	// 2^199-1 and 2^251-1 have known factorizations: composites of 60 and 76 digits.
	small, large := new(big.Int).Lsh(big.NewInt(1), 199), new(big.Int).Lsh(big.NewInt(1), 251)
	small.Sub(small, big.NewInt(1))
	large.Sub(large, big.NewInt(1))
	prime := new(big.Int).Lsh(big.NewInt(1), 521) // 2^521-1, a prime of 157 digits
	prime.Sub(prime, big.NewInt(1))
	numbers := []nat.Nat{nat.FromBig(large), nat.FromBig(small), nat.FromBig(new(big.Int).Mul(large, prime)), nat.FromBig(large)}
	job := func(id, mode string, queued ...uint64) {
		j := &task.Job{ID: id, Kind: task.KindFactor, Class: task.ClassLow, State: task.Sealed, Count: 4, Created: time.Now(), Campaign: mode}
		if err := w.CreateJob(t.Context(), j); err != nil {
			t.Fatal(err)
		}
		in := w.EmptyInputs(id)
		if err := in.Append(t.Context(), 0, numbers); err != nil {
			t.Fatal(err)
		}
		var ranges []task.Range
		for _, at := range queued {
			ranges = append(ranges, task.Range{First: at, Count: 1})
		}
		if err := w.Requeue(t.Context(), j, in, ranges); err != nil {
			t.Fatal(err)
		}
	}
	job("auto", "", 0, 1, 2)
	job("always", "always", 0, 1, 2)
	job("never", "never", 0, 1, 2)
	job("ended", "always", 0)
	if _, err := w.ChangeJob(t.Context(), "ended", func(j *task.Job) error { j.State = task.Done; return nil }); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		why      string
		job      string
		position uint64
		n        *big.Int
		left     time.Duration
		begins   bool
	}{
		{"a long sieve", "auto", 0, large, time.Hour, true},
		{"a factor of the number", "auto", 2, large, time.Hour, true},
		{"nearly done", "auto", 0, large, time.Second, false},
		{"too small", "auto", 1, small, time.Hour, false},
		{"always, from 60 digits on", "always", 1, small, time.Second, true},
		{"never", "never", 0, large, time.Hour, false},
		{"it does not divide the number", "always", 1, large, time.Hour, false},
		{"a multiple of the number", "always", 0, new(big.Int).Mul(large, big.NewInt(3)), time.Hour, false},
		{"a prime", "always", 2, prime, time.Hour, false},
		{"the number is not queued", "always", 3, large, time.Hour, false},
		{"the job has no such number", "always", 1000, large, time.Hour, false},
		{"the job has ended", "ended", 0, large, time.Hour, false},
		{"there is no such job", "none", 0, large, time.Hour, false},
	} {
		n := nat.FromBig(x.n)
		p, err := c.examine(t.Context(), &candidate{
			Composite: fleet.Composite{Worker: "other", Job: x.job, Position: x.position, Number: n, Left: x.left, Cores: 1},
			child:     task.ChildID(x.job, x.position, n),
		})
		if p != nil || x.begins && err != nil || !x.begins && !errors.Is(err, errNoCampaign) {
			t.Errorf("%s: %v, %v", x.why, p, err)
		}
	}
	c.mu.Lock()
	c.working, c.partsAt = []string{"c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"}, time.Now().Add(time.Hour)
	c.mu.Unlock()
	n := nat.FromBig(large)
	x := &candidate{Composite: fleet.Composite{Worker: "other", Job: "always", Number: n, Left: time.Hour, Cores: 1}, child: task.ChildID("always", 0, n)}
	if _, err := c.examine(t.Context(), x); !errors.Is(err, errNoCampaign) {
		t.Errorf("other campaigns have all idle slots: %v", err)
	}
	if names, err := w.PartsOf(t.Context(), ""); err != nil || len(names) > 0 {
		t.Errorf("parts: %v, %v", names, err)
	}
}

// TestFalseComposite: a worker that names a composite which does not divide the number gets a complaint.
func TestFalseComposite(t *testing.T) {
	t.Parallel()
	w := newCampaignWorld(t, 110, true)
	c := newCampaigns(w.Fleet, zerolog.Nop(), "s", nil)
	var err error
	if c.trust, err = w.Trust(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := nat.FromBig(new(big.Int).Add(w.n, big.NewInt(2)))
	if err := c.checkComposite(t.Context(), &candidate{Composite: fleet.Composite{Worker: "liar", Job: "j", Position: 1, Number: n}}); !errors.Is(err, errNoCampaign) {
		t.Fatal(err)
	}
	await(t, "the complaint", func() bool {
		list, err := w.Standings(t.Context())
		return err == nil && len(list) == 1 && list[0].Worker == "liar" && list[0].Complaints[fleet.ComplaintComposite] == 1
	})
}

// TestCampaignMemory: a process without the memory for a campaign leaves the number to its owner.
func TestCampaignMemory(t *testing.T) {
	t.Parallel()
	w := newCampaignWorld(t, 110, false)
	c := newCampaigns(w.other(), zerolog.Nop(), "s", nil)
	c.memory = 1 << 10
	n := nat.FromBig(w.n)
	err := c.conduct(t.Context(), &candidate{Composite: fleet.Composite{Worker: "owner", Job: "j", Position: 1, Number: n}, child: w.part.ID})
	if short := (*memoryError)(nil); !errors.As(err, &short) || c.used != 0 {
		t.Errorf("%v, %d bytes are reserved", err, c.used)
	}
}

// TestCandidates: what workers name is bounded, and of several owners of a composite all get hints, but not the owner of
// another factor of the same number.
func TestCandidates(t *testing.T) {
	t.Parallel()
	var list []fleet.Composite
	for i := range 3 * maxCandidates {
		list = append(list, fleet.Composite{Worker: fmt.Sprint("w", i%48), Job: "j", Position: 7, Number: nat.New(uint64(i/2 + 2))})
	}
	for i := range 10 * maxOfWorker {
		list = append(list, fleet.Composite{Worker: "liar", Job: "k", Number: nat.New(uint64(i + 2))})
	}
	if found := candidatesOf(list[3*maxCandidates:]); len(found) != maxOfWorker {
		t.Errorf("%d candidates of one worker", len(found))
	}
	list = list[:3*maxCandidates]
	found := candidatesOf(list)
	if len(found) != maxCandidates {
		t.Errorf("%d candidates", len(found))
	}
	c := newCampaigns(nil, zerolog.Nop(), "s", nil)
	entered := 0
	for _, x := range found {
		if len(x.owners) != 2 {
			t.Fatalf("%d owners", len(x.owners))
		}
		if c.enter(x) {
			entered++
		}
		if c.enter(x) {
			t.Fatal("a candidate is attended to twice")
		}
	}
	many := make([]fleet.Composite, 2*maxOwners)
	for i := range many {
		many[i] = fleet.Composite{Worker: fmt.Sprint("w", i), Job: "j", Number: nat.New(6), Left: time.Duration(100-i) * time.Second}
	}
	for _, x := range candidatesOf(many) {
		if len(x.owners) != maxOwners || x.Worker != "w0" {
			t.Errorf("%d owners, the last to finish is %s", len(x.owners), x.Worker)
		}
	}
	if entered != maxOfNumber {
		t.Errorf("%d campaigns of one number", entered)
	}
	entered = 0
	for _, x := range candidatesOf([]fleet.Composite{named("liar", 1), named("liar", 2), named("liar", 3), named("liar", 4), named("liar", 5), named("honest", 6)}) {
		if c.enter(x) {
			entered++
		}
	}
	if entered != maxOfOwner+1 {
		t.Errorf("%d campaigns of the numbers of two workers", entered)
	}
	late, early := named("a", 1), named("liar", 1)
	late.Left, early.Left = time.Hour, 1
	for _, x := range candidatesOf([]fleet.Composite{early, late, early}) {
		if x.Left != time.Hour {
			t.Errorf("the owner that counts is %+v", x.Composite)
		}
	}
}

// named is the composite of a number of the job m.
func named(worker string, position uint64) fleet.Composite {
	return fleet.Composite{Worker: worker, Job: "m", Position: position, Number: nat.New(91)}
}

// TestCampaignShare: campaigns that wait for the answers of owners have no share of the slots.
func TestCampaignShare(t *testing.T) {
	t.Parallel()
	w := newCampaignWorld(t, 110, false)
	c := newCampaigns(w.Fleet, zerolog.Nop(), "s", nil)
	if n := c.shareOf(t.Context(), "another", 8); n != 4 {
		t.Errorf("%d of 8 slots beside a campaign", n)
	}
	if _, err := w.ChangePart(t.Context(), "j", w.part.ID, func(p *task.Part) error { p.State = task.PartDone; return nil }); err != nil {
		t.Fatal(err)
	}
	c.partsAt = time.Time{}
	if n := c.shareOf(t.Context(), "another", 8); n != 8 {
		t.Errorf("%d of 8 slots beside a campaign that has ended", n)
	}
}

// TestSievedIsIssuedLater: a number for which a campaign sieves is issued to another worker only after a long time.
func TestSievedIsIssuedLater(t *testing.T) {
	t.Parallel()
	w := newCampaignWorld(t, 110, false)
	in, err := w.Inputs(t.Context(), "j")
	if err != nil {
		t.Fatal(err)
	}
	defer fleettest.Background(t, func(ctx context.Context) error {
		return w.Hold(ctx, w.part.ID, "s", func(ctx context.Context) error { <-ctx.Done(); return nil })
	})()
	fleettest.Await(t, "the campaign is conducted", func() bool {
		set, err := w.Sieved(t.Context(), "j")
		return err == nil && set.Len() == 1
	})
	s := &streams{fleet: w.Fleet, inputs: in}
	predicted, budget := predict(w.job, []nat.Nat{nat.FromBig(w.n)})
	long := patience(time.Hour, predicted, budget, 1)
	for _, x := range []struct {
		held   time.Duration
		issued bool
	}{{long / 2, false}, {2 * long, false}, {5 * long, true}} {
		list := []heldRange{{Range: task.Range{First: 1, Count: 1}, worker: "owner", since: time.Now().Add(-x.held)}}
		if err := s.issueOverdue(t.Context(), w.job, list, time.Hour); err != nil || list[0].issued != x.issued {
			t.Errorf("held for %v: issued %v, %v", x.held, list[0].issued, err)
		}
	}
}

// TestCampaignOfWaiting: a process that waits for its own job conducts its campaign while there is no supervisor.
func TestCampaignOfWaiting(t *testing.T) {
	t.Parallel()
	w := newCampaignWorld(t, 110, false)
	w.siever("a")
	f := w.other()
	stop := fleettest.Background(t, func(ctx context.Context) error {
		Wait(ctx, f, "j", Watch{Emit: func(*collect.Item) error { return nil }, Log: zerolog.New(zerolog.NewTestWriter(t))})
		return nil
	})
	defer stop()
	w.checkDivisor()
}

// TestCampaignBusyFleet: while no slot is idle, nothing is requested for a candidate, unless it has a part.
func TestCampaignBusyFleet(t *testing.T) {
	t.Parallel()
	for _, bare := range []bool{true, false} {
		w := newCampaignWorld(t, 110, bare)
		nc, _ := w.connect()
		requests, err := nc.SubscribeSync("$JS.API.DIRECT.GET." + schema.BucketStream(schema.BucketJobs) + ".>")
		if err != nil {
			t.Fatal(err)
		}
		c := newCampaigns(w.other(), zerolog.Nop(), "s", nil)
		if c.registry, err = c.f.Registry(t.Context()); err == nil {
			c.trust, err = c.f.Trust(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		n := nat.FromBig(w.n)
		x := &candidate{Composite: fleet.Composite{Worker: "owner", Job: "j", Position: 1, Number: n}, child: task.ChildID("j", 1, n)}
		ctx, cancel := context.WithCancel(t.Context())
		var attending sync.WaitGroup
		attending.Go(func() { c.attend(ctx, x) })
		if bare {
			attending.Wait()
		} else {
			fleettest.Await(t, "its campaign is conducted", func() bool { _, ok := c.f.OwnCampaign(x.child); return ok })
		}
		cancel()
		attending.Wait()
		if c.later[x.child].IsZero() || len(c.active) > 0 {
			t.Error("the candidate is not left")
		}
		if n, _, err := requests.Pending(); err != nil || (n == 0) != bare {
			t.Errorf("bare %v: %d requests, %v", bare, n, err)
		}
	}
}
