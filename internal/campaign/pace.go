package campaign

import (
	"maps"
	"math"
	"time"
)

// A pace remembers how relations, cycles and workers came.
type pace struct {
	ticks   []tick               // of the last rateTicks reports of the fleet since the replay
	growth  []growth             // ascending; each has 1/16 more relations than the one before
	workers map[string]time.Time // when the last yield of a worker came; at most maxWorkers
	pruned  time.Time            // when those that have left were last removed from workers
}

type tick struct {
	at  time.Time
	len int
}

type growth struct{ len, have int }

const (
	rateTicks = 20               // the rate is the mean of so many reports
	recently  = 20 * time.Second // a worker without a yield for longer has left
)

// observe notes the state at a report of the fleet.
func (m *Machine) observe(now time.Time) {
	if m.replayed && m.phase == Sieving {
		m.pace.tick(now, m.counts.len)
	}
}

// tick notes how many relations or curves there are at a report of the fleet.
func (p *pace) tick(now time.Time, n int) {
	if len(p.ticks) == rateTicks {
		p.ticks = append(p.ticks[:0], p.ticks[1:]...)
	}
	p.ticks = append(p.ticks, tick{now, n})
}

// sawGrowth notes how many cycles there are, if there are enough new relations.
func (p *pace) sawGrowth(n *counts) {
	if last := len(p.growth) - 1; last < 0 || n.len > p.growth[last].len+p.growth[last].len/16 {
		p.growth = append(p.growth, growth{n.len, n.have})
	}
}

// sawWorker notes a yield of a worker. now is zero if the time of the yield is unknown.
func (p *pace) sawWorker(name string, now time.Time) {
	if now.IsZero() {
		return
	}
	if p.workers == nil {
		p.workers = make(map[string]time.Time)
	}
	if len(p.workers) >= maxWorkers && now.Sub(p.pruned) >= recently {
		p.pruned = now
		maps.DeleteFunc(p.workers, func(_ string, at time.Time) bool { return now.Sub(at) > recently })
	}
	if len(p.workers) < maxWorkers {
		p.workers[name] = now
	}
}

// workersAt counts the workers that have sent a yield lately.
func (p *pace) workersAt(now time.Time) (count int) {
	for _, at := range p.workers {
		if now.Sub(at) <= recently {
			count++
		}
	}
	return count
}

// rate returns the relations or curves a second, 0 if it is unknown. Curves become fewer when a worker is refuted.
func (p *pace) rate() float64 {
	if len(p.ticks) < 3 {
		return 0
	}
	first, last := &p.ticks[0], &p.ticks[len(p.ticks)-1]
	elapsed := last.at.Sub(first.at).Seconds()
	if elapsed <= 0 {
		return 0
	}
	return float64(max(last.len-first.len, 0)) / elapsed
}

// exponent returns the e for which the cycles grow as relations^e, 0 if it is unknown.
func (p *pace) exponent(n *counts) float64 {
	for i := len(p.growth) - 1; i >= 0; i-- {
		g := &p.growth[i]
		if 3*g.len > 2*n.len {
			continue
		}
		if g.have == 0 || n.have <= g.have {
			return 0
		}
		e := math.Log(float64(n.have)/float64(g.have)) / math.Log(float64(n.len)/float64(g.len))
		return min(max(e, 1), 4)
	}
	return 0
}
