package job

import (
	"context"
	"testing"

	"github.com/rs/zerolog"

	"factorfleet/internal/fleettest"
)

// TestDeclinedCampaign: if the supervisor that is to conduct a campaign has not enough memory, another one conducts it.
// It is asked again when it has.
func TestDeclinedCampaign(t *testing.T) {
	t.Parallel()
	w := newCampaignWorld(t, 110, false)
	supervisors := make(map[string]*supervisor)
	var names []string
	for range 2 {
		s := newSupervisor(w.other(), zerolog.New(zerolog.NewTestWriter(t)))
		for supervisors[s.name] != nil { // their names are random
			s = newSupervisor(w.other(), zerolog.New(zerolog.NewTestWriter(t)))
		}
		supervisors[s.name] = s
		names = append(names, s.name)
	}
	first := supervisors[owner(w.part.ID, names)]
	first.campaigns.memory = 1 << 10
	run := func(s *supervisor) {
		fleettest.Background(t, func(ctx context.Context) error { s.run(ctx); return nil })
	}
	run(first)
	// A supervisor that knows no others yet conducts any campaign: the second one begins when the first one has declined.
	fleettest.Await(t, "the first one declines", func() bool {
		first.campaigns.mu.Lock()
		defer first.campaigns.mu.Unlock()
		return first.campaigns.without == 1
	})
	for _, s := range supervisors {
		if s != first {
			run(s)
		}
	}
	w.byHand().rest("a", 0) // no worker computes the number alone
	w.checkDivisor()
	fleettest.Await(t, "the second one knows that the first one declines", func() bool {
		for name, s := range supervisors {
			if d := s.declined.Load(); name != first.name && d != nil && len((*d)[w.part.ID]) == 1 && s.ownsCampaign(t.Context(), "j", w.part.ID) {
				return true
			}
		}
		return false
	})
	first.campaigns.mu.Lock()
	first.campaigns.memory = 1 << 40
	first.campaigns.mu.Unlock()
	fleettest.Await(t, "it declines no longer", func() bool {
		first.campaigns.mu.Lock()
		defer first.campaigns.mu.Unlock()
		return first.campaigns.without == 0
	})
}

// TestAllDecline: a campaign that all supervisors have declined stays with its owner.
func TestAllDecline(t *testing.T) {
	t.Parallel()
	s := &supervisor{name: "a"}
	s.others.Store(&[]string{"a", "b"})
	owned := 0
	for _, declined := range []map[string][]string{nil, {"c": {"a"}}, {"c": {"b"}}, {"c": {"a", "b"}}, {"d": {"a", "b"}}} {
		s.declined.Store(&declined)
		if s.ownsCampaign(t.Context(), "j", "c") {
			owned++
		}
	}
	if ours := owner("c", []string{"a", "b"}) == "a"; ours && owned != 4 || !ours && owned != 1 {
		t.Errorf("a owns the campaign in %d cases", owned)
	}
}
