package fleet

import (
	"context"
	"testing"

	"factorfleet/internal/task"
)

// TestCampaigns: others see in the lease of a part how far its campaign is.
func TestCampaigns(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.leaseTTL = testTTL
	p := h.part("j", 3)
	want := CampaignProgress{Phase: "sieving", Relations: 5, Expected: 10, Rate: 1.5, Workers: 2}
	defer h.ShowCampaign(p.ID, func() CampaignProgress { return want })()
	if list, err := h.Campaigns(t.Context(), "j"); err != nil || len(list) != 1 || list[0].Holder != "" || list[0].CampaignProgress != nil {
		t.Fatalf("without a holder: %+v, %v", list, err)
	}
	if s, err := h.Sieved(t.Context(), "j"); err != nil || s.Len() != 0 {
		t.Errorf("sieved without a holder: %v, %v", s.Len(), err)
	}
	background(t, func(ctx context.Context) error {
		return h.Hold(ctx, p.ID, "me", func(ctx context.Context) error { <-ctx.Done(); return nil })
	})
	other := h.open(h.connect())
	var list []Campaign
	await(t, "the progress", func() bool {
		var err error
		if list, err = other.Campaigns(t.Context(), "j"); err != nil {
			t.Fatal(err)
		}
		return len(list) == 1 && list[0].CampaignProgress != nil
	})
	if c := list[0]; *c.CampaignProgress != want || c.Holder != "me" || c.Position != 3 || c.State != task.PartSieve || c.Digits != len(p.Composite.String()) {
		t.Errorf("campaign: %+v, %+v", c, c.CampaignProgress)
	}
	if s, err := other.Sieved(t.Context(), "j"); err != nil || !s.Contains(single(3)) || s.Len() != 1 {
		t.Errorf("sieved: %v, %v", s.Len(), err)
	}
}
