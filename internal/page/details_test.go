package page_test

import (
	"math"
	"slices"
	"time"

	"factorfleet/internal/explain"
	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/observe"
	"factorfleet/internal/task"
)

func deadLetter(job string, position uint64, n, text string) letter {
	at := time.Now().Add(-7 * time.Minute)
	failure := func(writer string, attempt int, text string) letter {
		return letter{"Job": job, "Range": task.Range{First: position, Count: 1}, "Writer": writer, "Seq": position + uint64(attempt), "Kind": "factor", "Attempt": attempt, "Err": text,
			"Elapsed": 3200 * time.Millisecond, "Time": at.Add(time.Duration(attempt) * time.Minute), "Numbers": []string{n}, "Version": "v0.9.2", "Worker": writer}
	}
	l := failure("sweeper", 3, text)
	l["Attempts"] = []letter{failure("anvil", 1, text), failure("basalt", 2, text), failure("cedar", 3, text)}
	l["Seen"] = []task.Seen{{Worker: "cedar", Range: task.Range{First: position, Count: 1}, From: at, Until: at.Add(30 * time.Second), End: task.SeenSilent}}
	return l
}

// detail returns the JobView of a line.
func (s *scene) detail(l observe.JobLine) map[string]any {
	j := &task.Job{ID: l.ID, Kind: l.Kind, Class: l.Class, Chunk: "auto", Budget: time.Hour, Keep: 24 * time.Hour, State: task.Sealed, Created: l.Created, Ended: l.Ended, Count: l.Count, Work: 31 * time.Hour}
	if !l.Active {
		j.State = task.Done
	}
	v := observe.JobView{Job: &observe.Job{Job: j, Holder: "supervisor-1", Stored: l.Count, Answered: l.Answered, Queued: 41_000, Chunks: 81, Letters: int(l.Dead), Supervisors: 1}, Line: l}
	for _, r := range s.view.Running {
		if r.Job == l.ID {
			v.Numbers = append(v.Numbers, r)
		}
	}
	for i := range 6 {
		v.Slowest = append(v.Slowest, observe.SlowNumber{Position: uint64(i * 7919), Number: "1000000000000000000000000000057000000000000000000000000000630", Digits: 61 - i, Method: "siqs", CPU: time.Duration(140-20*i) * time.Second, Wall: time.Duration(35-5*i) * time.Second, Worker: "anvil"})
	}
	d := decoded(v)
	if l.Dead > 0 {
		d["letters"] = s.letters[:2]
	}
	return d
}

func curves() observe.CampaignView {
	p := &fleet.CampaignProgress{Phase: "curves", Rate: 3.1, Left: 4 * time.Minute, Tasks: 9, Workers: 2, Advances: true, Curves: &fleet.CurvesProgress{Level: 30, B1: 250_000, Done: 300, Planned: 500, Digits: 27.3, Curves: 1400}}
	c := observe.CampaignView{Campaign: campaign("part-b", 88), Workers: []string{"anvil", "cedar"}}
	c.CampaignProgress, c.State = p, task.PartCurves
	for i := range 60 {
		c.History = append(c.History, observe.CampaignMark{Time: time.Now().Add(time.Duration(i-60) * 4 * time.Second), Curves: uint64(i * 23), Reached: 20 + 7.3*math.Sqrt(float64(i)/60)})
	}
	return c
}

func campaign(part string, digits int) fleet.Campaign {
	n := nat.FromBytes(slices.Repeat([]byte{0xb7, 0x2d, 0x91}, digits*100/723))
	return fleet.Campaign{Part: part, Digits: digits, Number: n, State: task.PartSieve, Holder: "supervisor-1"}
}

func sieve() observe.CampaignView {
	c := observe.CampaignView{Campaign: campaign("part-a", 100), Workers: []string{"anvil", "basalt", "cedar"}}
	c.CampaignProgress = &fleet.CampaignProgress{Phase: "sieving", Relations: 140_113, Expected: 221_000, Cycles: 61_002, Need: 98_100, Rate: 10.8, Left: 2*time.Hour + 5*time.Minute, Tasks: 21, Workers: 3, Advances: true}
	c.Facts = &explain.Facts{Digits: 100, Phase: "sieve", Shared: true, Relations: 140_113, Expected: 221_000, Workers: 3, Hosts: 3, Cores: 21}
	for i := range 200 {
		c.History = append(c.History, observe.CampaignMark{Time: time.Now().Add(time.Duration(i-200) * 12 * time.Second), Relations: int(140_113 * math.Pow(float64(i+1)/200, 1.15))})
	}
	return c
}
