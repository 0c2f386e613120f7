package page_test

import (
	"fmt"
	"math"
	"slices"
	"time"

	"factorfleet/internal/explain"
	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/observe"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// scenes make the synthetic fleets by name.
var scenes = map[string]func() *scene{
	"loading": func() *scene { return &scene{} },
	"empty":   emptyScene,
	"few":     fewScene,
	"offline": func() *scene {
		s := fewScene()
		s.view.Connected, s.view.Reason = false, "nats: no servers available for connection"
		return s
	},
	"full":    fullScene,
	"hostile": hostileScene,
}

func emptyScene() *scene {
	v := &observe.View{V: 1, Time: time.Now(), Connected: true}
	v.Lines, v.Names, v.Running, v.Findings = []observe.JobLine{}, []observe.Worker{}, []observe.Running{}, []fleet.Finding{}
	v.Queue = []fleet.ClassStatus{{Class: "hi"}, {Class: "norm"}, {Class: "low"}}
	v.Supervisors, v.Server.Server.Version, v.Server.Server.Replicas, v.Server.Server.StoreLimit = 1, "2.12.1", 1, 10<<30
	return &scene{view: v}
}

// line returns a job that was created some minutes ago.
func line(id, state string, count, answered uint64, minutes int) observe.JobLine {
	j := observe.JobLine{ID: id, State: state, Kind: "factor", Class: "norm", Count: count, Sealed: state != "open", Answered: answered,
		Share: float64(answered) / float64(max(count, 1)), Created: time.Now().Add(-time.Duration(minutes) * time.Minute)}
	if j.Active = state != "done" && state != "cancelled"; j.Active {
		j.Rate, j.ETA, j.Known = float64(answered)/float64(60*minutes), time.Duration(minutes)*17*time.Second, state == "running"
	} else {
		end := j.Created.Add(90 * time.Second)
		j.Ended = &end
	}
	return j
}

func row(name string, busy int) workerRow {
	w := workerRow{Rate: float64(busy) * 41.7}
	w.Name, w.Instance, w.Version, w.Kernels, w.Host, w.PID = name, "a1b2", "v0.9.2", "avx512ifma", name+".lab", 4711
	w.Alive, w.Processes, w.Heartbeats, w.State, w.Strikes = true, 1, 1, "running", []fleet.Strike{}
	w.Slots, w.Busy, w.Numbers, w.Tasks, w.CPU = 8, busy, uint64(busy)*183_211, uint64(busy)*612, time.Duration(busy)*3*time.Hour
	w.Started, w.Seen = time.Now().Add(-26*time.Hour), time.Now().Add(-4*time.Second)
	if busy > 0 {
		w.Holding = []string{"monday.8192-512.0", "monday.12288-512.0"}
	}
	return w
}

func history(n int, queued float64) (list []observe.Sample) {
	for i := range n {
		x := float64(i)
		wave := 1 + .25*math.Sin(x/9) + .1*math.Sin(x/2.3)
		list = append(list, observe.Sample{Time: time.Now().Add(time.Duration(i-n) * 5 * time.Second), Rate: 1240 * wave,
			Queued: uint64(max(0, queued*(1.4-x/float64(n)))), Running: int(40 * wave), Busy: int(20 * wave), Slots: 32, Workers: 5})
	}
	return list
}

func fewScene() *scene {
	s := emptyScene()
	v := s.view
	s.jobs = []observe.JobLine{
		line("monday", "running", 2_000_000, 843_112, 11), line("rsa-100", "running", 1, 0, 44), line("hard-list", "running", 64, 23, 25),
		line("stream", "open", 49_152, 12_000, 2), line("tonight", "scheduled", 500_000, 0, 30), line("held", "paused", 80_000, 31_000, 300),
		line("friday", "done", 100_000, 100_000, 2900), line("typo", "cancelled", 5_000, 411, 4000),
	}
	s.jobs[0].Dead, s.jobs[0].Bad, s.jobs[2].Unfinished = 2, 14, 1
	s.jobs[4].Waits = []string{"it starts at 22:00"}
	s.jobs[4].Rate, s.jobs[1].Share, s.jobs[1].ETA = 0, .634, 2*time.Hour+5*time.Minute
	s.workers = []workerRow{row("anvil", 8), row("basalt", 8), row("cedar", 5), row("delta", 0), row("mallory", 0)}
	s.workers[3].State, s.workers[3].Pause = "paused", "the load of the machine is above 6.0"
	m := &s.workers[4]
	gone := time.Now().Add(-40 * time.Minute)
	m.State, m.Quarantined, m.Reason, m.Alive = "quarantined", &gone, "three wrong answers", false
	for i := range 3 {
		m.Strikes = append(m.Strikes, fleet.Strike{Time: gone.Add(time.Duration(i) * time.Second), Job: "monday", Range: "4096-512", Seq: uint64(900 + i), Reason: "the product of the factors of number 4,211 differs from the number"})
	}
	m.Complaints = map[fleet.Complaint]uint64{fleet.ComplaintFailure: 12, fleet.ComplaintHeartbeats: 1}
	for i, a := range []worker.Activity{
		{Job: "hard-list", Position: 40, NumberProgress: worker.NumberProgress{Digits: 62, Method: "ecm", B1: 50_000, Done: 120, Total: 430, Cores: 4, Left: 220 * time.Second}},
		{Job: "rsa-100", Position: 0, NumberProgress: worker.NumberProgress{Digits: 100, Method: "siqs", Done: 140_113, Total: 221_000, Cores: 8, Left: 2*time.Hour + 5*time.Minute}},
	} {
		s.workers[i].Activities = []worker.Activity{a}
		v.Running = append(v.Running, observe.Running{Job: a.Job, Position: a.Position, Worker: s.workers[i].Name, Host: s.workers[i].Host, Digits: a.Digits,
			Method: []string{"ecm B1=50000", "siqs"}[i], Share: float64(a.Done) / float64(a.Total), Left: a.Left, Cores: a.Cores, Text: a.NumberProgress.String()})
	}
	s.letters = []letter{deadLetter("monday", 1_234_566, "1000000016000000063", "panic: index out of range [4] with length 4"), deadLetter("monday", 99, "340282366920938463463374607431768211457", "killed: out of memory")}
	v.Queue = []fleet.ClassStatus{{Class: "hi", Queued: 0, Running: 2}, {Class: "norm", Queued: 2_311, Running: 40, Redelivered: 1, Waiting: 3}, {Class: "low"}, {Class: "norm+exec=resize+gpu", Queued: 12}}
	v.Classes = []observe.SizeRow{{Class: "up to 19 digits", Count: 1_400_000, Answered: 700_100, Mean: 40 * time.Microsecond}, {Class: "20-39 digits", Count: 600_000, Answered: 143_000, Mean: 21 * time.Millisecond},
		{Class: "40-59 digits", Count: 900, Answered: 210, Mean: 2300 * time.Millisecond}, {Class: "60-69 digits", Count: 60, Answered: 22, Mean: 95 * time.Second}, {Class: "100-109 digits", Count: 1}}
	v.Rate, v.Dead, v.History = 1240.4, 2, history(360, 4000)
	v.Findings = []fleet.Finding{{Kind: fleet.Outdated, What: "the stream FACTOR_RESULTS has the settings of an earlier release", Remedy: "producer init"}}
	s.details = map[string]map[string]any{"monday": s.detail(s.jobs[0]), "rsa-100": s.detail(s.jobs[1]), "friday": s.detail(s.jobs[6])}
	s.details["rsa-100"]["shared"] = []observe.CampaignView{sieve(), curves()}
	s.count()
	return s
}

// count sets what a View counts from the lists.
func (s *scene) count() {
	v := s.view
	v.Lines, v.Names = s.jobs, nil
	v.Total, v.Jobs, v.Workers, v.Slots, v.Busy = len(s.jobs), 0, 0, 0, 0
	for _, j := range s.jobs {
		if j.Active {
			v.Jobs++
		}
	}
	for _, w := range s.workers {
		v.Names = append(v.Names, w.Worker)
		if w.Alive {
			v.Workers, v.Slots, v.Busy = v.Workers+1, v.Slots+w.Slots, v.Busy+w.Busy
		}
	}
}

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
		d["letters"] = s.letters
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

// fullScene has 10,000 jobs and 1,000 workers.
func fullScene() *scene {
	s := fewScene()
	s.jobs, s.workers, s.letters = nil, nil, nil
	for i := range 10_000 {
		j := line(fmt.Sprintf("batch-%05d", i), []string{"running", "running", "done"}[min(i/150, 2)], uint64(1000+i*37), uint64(900+i%101), 1+i)
		s.jobs = append(s.jobs, j)
	}
	for i := range 1_000 {
		s.workers = append(s.workers, row(fmt.Sprintf("node-%04d", i), i%9))
	}
	for i := range 400 {
		s.letters = append(s.letters, deadLetter(fmt.Sprintf("batch-%05d", i), uint64(i), "1000000016000000063", "no memory"))
	}
	for i := range 200 {
		s.view.Running = append(s.view.Running, observe.Running{Job: s.jobs[i].ID, Worker: s.workers[i].Name, Method: "siqs", Digits: 90, Share: float64(i) / 200, Cores: 1})
	}
	s.view.Dead, s.view.History = 400, history(720, 900_000)
	s.count()
	return s
}
