package page_test

import (
	"fmt"
	"math"
	"time"

	"factorfleet/internal/fleet"
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
	item := deadLetter("pictures", 3, task.ItemNumber([]byte("naïve <b>.png")).String(), "the command ended with exit status 3, standard error: broken")
	item["Kind"] = "exec:resize"
	s.letters = append(s.letters, item)
	v.Queue = []fleet.ClassStatus{{Class: "hi", Queued: 0, Running: 2}, {Class: "norm", Queued: 2_311, Running: 40, Redelivered: 1, Waiting: 3}, {Class: "low"}, {Class: "norm+exec=resize+gpu", Queued: 12}}
	v.Classes = []observe.SizeRow{{Class: "up to 19 digits", Count: 1_400_000, Answered: 700_100, Mean: 40 * time.Microsecond}, {Class: "20-39 digits", Count: 600_000, Answered: 143_000, Mean: 21 * time.Millisecond},
		{Class: "40-59 digits", Count: 900, Answered: 210, Mean: 2300 * time.Millisecond}, {Class: "60-69 digits", Count: 60, Answered: 22, Mean: 95 * time.Second}, {Class: "100-109 digits", Count: 1}}
	v.Rate, v.Dead, v.History = 1240.4, 3, history(360, 4000)
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
