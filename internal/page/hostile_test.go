package page_test

import (
	"encoding/json"
	"strings"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/observe"
	"factorfleet/internal/worker"
)

// Texts with which a hostile worker or user tries to run code, to load something, to break the layout, or to write over
// what stands beside them. Code that ran would set the title of the document or call alert.
var hostileTexts = []string{
	`<img src=x onerror="document.title='owned'">`, `"><script>alert(1)</script>`, `javascript:alert(1)`, `<svg/onload=alert(1)>`,
	"\u202egnirts\u202c", strings.Repeat("W", 3000), "a\u0000b\u001b[31m", "../../..//%zz?token=x#/", "{{constructor.constructor('alert(1)')()}}", "'; rm -rf / #",
}

// hostileScene has such a text in each field that somebody else writes.
func hostileScene() *scene {
	s := fewScene()
	s.jobs, s.workers, s.letters, s.view.Running, s.view.Classes = nil, nil, nil, nil, nil
	s.details = make(map[string]map[string]any)
	for i, x := range hostileTexts {
		j := line(x, "running", 1<<63, 1<<62, 1+i)
		j.State, j.Kind, j.Class, j.Route, j.Waits, j.Rate, j.Share = x, x, "norm", x, []string{x}, 1e300, 1e18
		s.jobs = append(s.jobs, j)
		w := row(x, 3)
		w.State, w.Version, w.Kernels, w.Host, w.Pause, w.Offers, w.Reason = x, x, x, x, "", []string{x}, x
		w.Holding, w.Complaints = []string{x, x}, map[fleet.Complaint]uint64{fleet.Complaint(x): 1 << 60}
		w.Strikes = []fleet.Strike{{Time: time.Now(), Job: x, Range: x, Reason: x}, {Job: x, Range: x, Reason: x}}
		w.Activities = []worker.Activity{{Job: x, Position: 1 << 63, NumberProgress: worker.NumberProgress{Method: x, Total: 3, Done: 1 << 62, Digits: -4, Cores: -1, Left: -5}}}
		if now := time.Now(); i%2 == 0 {
			w.Quarantined = &now
		}
		s.workers = append(s.workers, w)
		s.view.Running = append(s.view.Running, observe.Running{Job: x, Position: 1 << 63, Worker: x, Host: x, Method: x, Share: 3, Left: 1 << 62, Cores: -1, Text: x})
		s.view.Classes = append(s.view.Classes, observe.SizeRow{Class: x, Count: 1, Answered: 1 << 63})
		l := deadLetter(x, 1<<63, x, x)
		s.letters = append(s.letters, l)
		c := sieve()
		c.Part, c.Note, c.Holder, c.Phase, c.Workers = x, x, x, x, []string{x, x}
		c.Facts.Phase = x
		d := s.detail(j)
		d["shared"], d["letters"], d["note"], d["chunk"] = []any{decoded(c)}, []letter{l, l}, x, x
		s.details[x] = d
		s.view.Findings = append(s.view.Findings, fleet.Finding{Kind: fleet.FindingKind(x), What: x, Want: x, Remedy: x})
	}
	s.view.Reason, s.view.Server.Server.Version, s.view.Server.Server.Cluster = hostileTexts[0], hostileTexts[0], hostileTexts[1]
	s.count()
	return s
}

// decoded returns the JSON of a value as a map, so that a test can add to it.
func decoded(v any) map[string]any {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		panic(err)
	}
	return m
}

// step returns the scene a second later: the first job has more answers, and there is one more sample.
func (s *scene) step() *scene {
	next := *s
	v := *s.view
	next.jobs = append([]observe.JobLine{}, s.jobs...)
	if len(next.jobs) > 0 {
		j := &next.jobs[0]
		j.Answered += 1111
		j.Share = min(1, j.Share+.01)
	}
	v.Time, v.Rate, v.Lines = time.Now(), v.Rate+1, next.jobs
	v.History = append(append([]observe.Sample{}, v.History...), observe.Sample{Time: v.Time, Rate: v.Rate, Slots: 32, Busy: 21, Queued: 100})
	next.view = &v
	return &next
}
