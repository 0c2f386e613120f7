package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A CampaignProgress says how far a campaign is. The process that conducts it says so in the lease of the part, so
// that others see it; it is at most leaseTTL/3 old.
type CampaignProgress struct {
	Phase     string        `json:"phase"`
	Relations int           `json:"relations"`
	Expected  int           `json:"expected"` // relations in all, an estimate
	Cycles    int           `json:"cycles"`
	Need      int           `json:"need"`              // cycles at which the linear algebra begins
	Rate      float64       `json:"rate,omitempty"`    // relations a second; 0 = unknown
	Left      time.Duration `json:"left_ns,omitempty"` // until the sieve ends; 0 = it has ended, or unknown
	Tasks     int           `json:"tasks"`             // that run
	Workers   int           `json:"workers"`           // that have sent relations lately
	Solved    float64       `json:"solved,omitempty"`  // part of the linear algebra that is over, 0 to 1, in the phase solving

	// Curves is set of a campaign of curves, whose phase is "curves". The figures about relations and cycles are 0 then,
	// Rate is curves a second, Left is the time until the level is done, and Workers have sent curves lately.
	Curves *CurvesProgress `json:"curves,omitempty"`
}

// A CurvesProgress says how far a campaign of curves is.
type CurvesProgress struct {
	Level   int     `json:"level"`   // digits of the factors that the present level finds
	B1      uint64  `json:"b1"`      // of the level
	Done    uint64  `json:"done"`    // of Planned, what smaller levels are worth included
	Planned uint64  `json:"planned"` // curves of the level
	Digits  float64 `json:"digits"`  // a factor of so many digits was missed with probability 1/e
	Curves  uint64  `json:"curves"`  // of all levels, of all workers but the owner
}

// A Campaign is a part with its progress.
type Campaign struct {
	Part              string         `json:"part"`
	Position          uint64         `json:"position"` // from 0
	Digits            int            `json:"digits"`
	Number            nat.Nat        `json:"composite"`
	State             task.PartState `json:"state"`
	Note              string         `json:"note,omitempty"`
	Holder            string         `json:"holder"` // the process that conducts it; "" = none
	*CampaignProgress                // nil = unknown
}

// ShowCampaign has this process say in its lease of a part how far the campaign is, until hide is called. progress is
// called by other goroutines.
func (f *Fleet) ShowCampaign(child string, progress func() CampaignProgress) (hide func()) {
	f.campaigns.Store(child, progress)
	return func() { f.campaigns.Delete(child) }
}

// OwnCampaign returns how far the campaign of a part is, if this process conducts it.
func (f *Fleet) OwnCampaign(child string) (p CampaignProgress, ok bool) {
	progress, ok := f.campaigns.Load(child)
	if !ok {
		return p, false
	}
	return progress.(func() CampaignProgress)(), true
}

// campaignHeader returns the header of a renewed lease of a part; nil if the key is of no part that this process holds.
func (f *Fleet) campaignHeader(key string) nats.Header {
	progress, ok := f.OwnCampaign(key)
	if !ok {
		return nil
	}
	text, err := json.Marshal(progress)
	if err != nil { // a rate that is no number
		return nil
	}
	return nats.Header{schema.HeaderCampaign: {string(text)}}
}

// Campaigns returns the campaigns of a job, in the order of their parts. Unreadable parts are left out.
func (f *Fleet) Campaigns(ctx context.Context, job string) (list []Campaign, _ error) {
	names, err := f.PartsOf(ctx, job)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		p, err := f.Part(ctx, name.Parent, name.Child)
		if errors.Is(err, ErrNoPart) || errors.Is(err, ErrUnreadable) {
			continue
		}
		if err != nil {
			return nil, err
		}
		c := Campaign{Part: p.ID, Position: p.Position, Digits: len(p.Composite.String()), Number: p.Composite, State: p.State, Note: p.Note}
		if err := f.readCampaign(ctx, &c); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// Sieved returns the positions of a job for which a campaign sieves, or runs curves, that a process conducts.
func (f *Fleet) Sieved(ctx context.Context, job string) (positions task.Set, _ error) {
	list, err := f.Campaigns(ctx, job)
	for _, c := range list {
		if c.State != task.PartDone && c.Holder != "" {
			positions.Add(task.Range{First: c.Position, Count: 1})
		}
	}
	return positions, err
}

// readCampaign reads the holder and the progress from the lease of a part.
func (f *Fleet) readCampaign(ctx context.Context, c *Campaign) error {
	s, err := f.link.JS.Stream(ctx, schema.BucketStream(schema.BucketLeases))
	if err != nil {
		return fmt.Errorf("look at bucket %s: %w", schema.BucketLeases, stream.Explain(err))
	}
	m, err := s.GetLastMsgForSubject(ctx, schema.KeyPrefix(schema.BucketLeases)+c.Part)
	if stream.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the lease of part %s: %w", c.Part, stream.Explain(err))
	}
	c.Holder = oneShortLine(string(m.Data))
	var p CampaignProgress
	if json.Unmarshal([]byte(m.Header.Get(schema.HeaderCampaign)), &p) == nil {
		p.Phase = oneShortLine(p.Phase)
		c.CampaignProgress = &p
	}
	return nil
}
