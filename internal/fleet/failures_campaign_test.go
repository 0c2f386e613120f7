package fleet

import (
	"context"
	"testing"
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestPardons follows a number whose last attempt has failed at two workers, while others sieve it: deaths are pardoned
// when the sieve has advanced, the number waits while it advances, and it is given up by dead letters or when the
// campaign is over.
func TestPardons(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Second})
	h.job("j", task.ClassNorm, 20)
	x := h.known()
	p := h.part("j", 17)
	h.part("j", 16)
	h.part("other", 17)
	s := newSweeper(x)
	at := schema.Place{Address: task.Address{Class: task.ClassNorm, Job: "j", Range: single(17), Round: "0"}}
	die := func() {
		for _, name := range []string{"a", "b"} {
			at := at
			at.Round = task.NewRound(time.Now())
			h.put(schema.FailedSubject(at.Address, 3, name), (&task.Failure{Worker: name, Attempt: 3, Time: time.Now()}).Encode())
		}
	}
	change := func(change func(p *task.Part)) {
		if _, err := h.ChangePart(t.Context(), "j", p.ID, func(p *task.Part) error { change(p); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	round := 0
	check := func(when string, want attempt.Action, pardoned int) {
		t.Helper()
		e, err := x.find(t.Context(), &task.Job{ID: "j"}, single(17))
		if err != nil || e.Decide().Action != want {
			t.Fatalf("%s: %+v, %v", when, e, err)
		}
		round++
		wait, err := s.decide(t.Context(), at, task.NewRound(time.Unix(int64(round), 0)))
		if err != nil || (wait > 0) != (want == attempt.Wait) {
			t.Fatalf("%s: wait %v, %v", when, wait, err)
		}
		if p, err := h.Part(t.Context(), "j", p.ID); err != nil || p.Pardoned != pardoned {
			t.Fatalf("%s: pardoned %d, %v", when, p.Pardoned, err)
		}
		left, err := x.claims(t.Context(), "j", single(17))
		if err != nil || (len(left) == 0) != (want == attempt.Requeue) {
			t.Fatalf("%s: left %v, %v", when, left, err)
		}
	}
	change(func(p *task.Part) { p.Advance = attempt.PardonStep })
	die()
	check("it has advanced", attempt.Requeue, attempt.PardonStep)
	if got := h.ranges("j"); got != "17-1" {
		t.Fatalf("queued: %s", got)
	}
	die()
	advances := true
	stop := h.ShowCampaign(p.ID, func() CampaignProgress { return CampaignProgress{Advances: advances} })
	defer stop()
	release := background(t, func(ctx context.Context) error {
		return h.Hold(ctx, p.ID, "s", func(ctx context.Context) error { <-ctx.Done(); return nil })
	})
	await(t, "the campaign advances", func() bool { ok, err := h.advancesLately(t.Context(), p.ID); return err == nil && ok })
	check("it advances", attempt.Wait, attempt.PardonStep)
	if known, err := h.hasDivisor(t.Context(), "j", single(17)); err != nil || known {
		t.Errorf("it has a divisor: %v", err)
	}
	change(func(p *task.Part) { p.State, p.Divisors = task.PartDone, []nat.Nat{nat.New(7)} })
	if known, err := h.hasDivisor(t.Context(), "j", single(17)); err != nil || !known {
		t.Errorf("it has no divisor: %v", err)
	}
	check("a divisor is known", attempt.Requeue, attempt.MaxAdvance)
	release()
	change(func(p *task.Part) { p.State, p.Divisors, p.Advance = task.PartSieve, nil, attempt.MaxAdvance-1 })
	die()
	change(func(p *task.Part) { p.Pardoned = 0 })
	for _, name := range []string{"a", "b"} {
		h.put(schema.DeadSubject("j", single(17), name), failure("no"))
	}
	check("dead letters of two workers", attempt.GiveUp, 0)
	if letters := h.letters(); letters == "" {
		t.Error("it is not given up")
	}
}

// TestNoPardon: without a sieve that advances, a number that kills two workers is given up as before.
func TestNoPardon(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Second})
	h.job("j", task.ClassNorm, 20)
	x := h.known()
	for position, spoil := range []func(p *task.Part){
		func(p *task.Part) {},
		func(p *task.Part) { p.Advance = attempt.PardonStep - 1 },
		func(p *task.Part) { p.Advance, p.Pardoned = 100, 97 },
		func(p *task.Part) {
			p.State, p.Seed, p.Params, p.Advance, p.Pardoned = task.PartCurves, 1, nil, 100, 97
		},
		func(p *task.Part) { p.State, p.Note, p.Advance, p.Pardoned = task.PartDone, "failed", 100, 100 },
	} {
		p := newPart("j", uint64(position))
		spoil(p)
		if _, err := h.CreatePart(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if p.Curves() { // they advance, and have no end
			defer h.ShowCampaign(p.ID, func() CampaignProgress { return CampaignProgress{Advances: true} })()
			background(t, func(ctx context.Context) error {
				return h.Hold(ctx, p.ID, "s", func(ctx context.Context) error { <-ctx.Done(); return nil })
			})
			await(t, "the curves advance", func() bool { ok, err := h.advancesLately(t.Context(), p.ID); return err == nil && ok })
		}
		for _, name := range []string{"a", "b"} {
			h.put(schema.FailedSubject(task.Address{Job: "j", Range: single(position), Round: "0"}, 3, name), failure("no"))
		}
		if e, err := x.find(t.Context(), &task.Job{ID: "j"}, single(position)); err != nil || e.Decide().Action != attempt.GiveUp {
			t.Errorf("%d: %+v, %v", position, e, err)
		}
	}
}
