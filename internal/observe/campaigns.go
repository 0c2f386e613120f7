package observe

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"factorfleet/internal/explain"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// Bounds of what is kept of campaigns.
const (
	maxCampaigns    = 256 // further ones are not shown until one of these is gone
	maxMarks        = 360 // of the history of one campaign; a full history loses every second mark, and grows half as fast
	maxContributors = 64  // names
)

// A campaignTable has the campaigns of the jobs that have not ended, and their histories, for as long as the process
// runs. The session's goroutine uses it.
type campaignTable struct {
	all map[string]*campaign // by part
}

// A campaign is one part with its history.
type campaign struct {
	job     string
	facts   fleet.Campaign
	marks   []CampaignMark
	every   time.Duration   // between two marks
	workers map[string]bool // that have had a task of it
	present bool            // it was listed by the last look
}

func newCampaignTable() *campaignTable { return &campaignTable{make(map[string]*campaign)} }

// look lists the parts, and reads those that are not done. It costs one request, and two for each campaign.
func (t *campaignTable) look(ctx context.Context, s *session) error {
	names, err := s.fl.PartsOf(ctx, "")
	if err != nil {
		return err
	}
	for _, c := range t.all {
		c.present = false
	}
	for _, name := range names {
		c := t.all[name.Child]
		if c == nil {
			if len(t.all) >= maxCampaigns {
				continue
			}
			c = &campaign{job: name.Parent, every: sampleEvery, workers: make(map[string]bool)}
			t.all[name.Child] = c
		}
		c.present = true
		if err := c.read(ctx, s, name); err != nil {
			return err
		}
	}
	for part, c := range t.all {
		if !c.present {
			delete(t.all, part)
		}
	}
	return nil
}

// read reads the manifest and the lease of a campaign that is not done.
func (c *campaign) read(ctx context.Context, s *session, name fleet.PartName) error {
	if c.facts.State == task.PartDone {
		return nil
	}
	p, err := s.fl.Part(ctx, name.Parent, name.Child)
	switch {
	case errors.Is(err, fleet.ErrNoPart), errors.Is(err, fleet.ErrUnreadable):
		return nil
	case err != nil:
		return err
	}
	x, err := s.readLease(ctx, p.ID)
	if err != nil {
		return err
	}
	progress := x.Campaign
	if progress == nil {
		progress = c.facts.CampaignProgress // the last that is known
	}
	c.facts = fleet.Campaign{
		Part: p.ID, Position: p.Position, Digits: len(p.Composite.String()), Number: p.Composite, State: p.State, Note: p.Note,
		Holder: x.Holder, CampaignProgress: progress,
	}
	if x.Campaign != nil {
		c.mark(s.fl.Now(ctx).UTC(), x.Campaign)
	}
	return nil
}

// mark adds a mark to the history if it is time for one.
func (c *campaign) mark(now time.Time, p *fleet.CampaignProgress) {
	if n := len(c.marks); n > 0 && now.Sub(c.marks[n-1].Time) < c.every-lookEvery/2 {
		return
	}
	m := CampaignMark{Time: now, Relations: max(p.Relations, 0), Solved: min(max(p.Solved, 0), 1)}
	if p.Curves != nil {
		m.Curves, m.Reached = p.Curves.Done, max(p.Curves.Digits, 0)
	}
	marks := slices.Clone(c.marks) // Views share the list
	if len(marks) >= maxMarks {
		thin := marks[:0]
		for i := 0; i < len(marks); i += 2 {
			thin = append(thin, marks[i])
		}
		marks, c.every = thin, 2*c.every
	}
	c.marks = append(marks, m)
}

// views returns what the pages of the campaigns show, by job, in the order of the positions. list has the heartbeats.
func (t *campaignTable) views(list []worker.Status) map[string][]CampaignView {
	views := make(map[string][]CampaignView)
	if len(t.all) == 0 {
		return views
	}
	t.contribute(list)
	for job, campaigns := range t.byJob() {
		slices.SortFunc(campaigns, func(a, b fleet.Campaign) int {
			return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Part, b.Part))
		})
		for _, x := range campaigns {
			c := t.all[x.Part]
			v := CampaignView{Campaign: x, Workers: []string{}, History: append([]CampaignMark{}, c.marks...)}
			for name := range c.workers {
				v.Workers = append(v.Workers, name)
			}
			slices.Sort(v.Workers)
			for _, f := range explain.FactsOf(job, list, []fleet.Campaign{x}) {
				if f.Shared {
					v.Facts = &f
				}
			}
			views[job] = append(views[job], v)
		}
	}
	return views
}

// byJob returns the campaigns of each job.
func (t *campaignTable) byJob() map[string][]fleet.Campaign {
	list := make(map[string][]fleet.Campaign)
	for _, c := range t.all {
		if c.facts.Part != "" {
			list[c.job] = append(list[c.job], c.facts)
		}
	}
	return list
}

// contribute notes which workers have tasks of campaigns, as their heartbeats say.
func (t *campaignTable) contribute(list []worker.Status) {
	for i := range list {
		for _, name := range list[i].Holding {
			if a, ok := worker.ParseTaskName(name); ok {
				if c := t.all[a.Job]; c != nil && len(c.workers) < maxContributors {
					c.workers[list[i].Name] = true
				}
			}
		}
	}
}
