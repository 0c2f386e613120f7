package observe

import (
	"time"

	"factorfleet/internal/worker"
)

// rateWindow is over how long the rate of a worker is measured, at least.
const rateWindow = 10 * time.Second

// workerRates has what each process of a worker has said of its answers, by name and instance. One goroutine uses it.
type workerRates map[string]*workerRate

// A workerRate measures the answers of one process, as its heartbeats state them.
type workerRate struct {
	from, to mark
	rate     float64 // numbers a second, between the two; 0 = unknown
	present  bool    // its heartbeat was in the last list
}

// A mark is a count of answers at the server's time of a heartbeat.
type mark struct {
	at      time.Time
	numbers uint64
}

// set sets the rates of the workers from their heartbeats. Processes that have left are forgotten.
func (r workerRates) set(names []Worker, list []worker.Status) {
	for _, p := range r {
		p.present = false
	}
	sums := make(map[string]float64)
	for i := range list {
		s := &list[i]
		key := s.Name + "." + s.Instance
		if r[key] == nil {
			r[key] = &workerRate{from: mark{s.Seen, s.Numbers}, to: mark{s.Seen, s.Numbers}}
		}
		r[key].present = true
		sums[s.Name] += r[key].put(mark{s.Seen, s.Numbers})
	}
	for key, p := range r {
		if !p.present {
			delete(r, key)
		}
	}
	for i := range names {
		names[i].Rate = sums[names[i].Name]
	}
}

// put takes a heartbeat and returns the rate. A worker may claim any count: one that shrinks counts as 0.
func (p *workerRate) put(m mark) float64 {
	p.to = m
	if took := p.to.at.Sub(p.from.at); took >= rateWindow {
		p.rate = 0
		if p.to.numbers > p.from.numbers {
			p.rate = float64(p.to.numbers-p.from.numbers) / took.Seconds()
		}
		p.from = p.to
	}
	return p.rate
}
