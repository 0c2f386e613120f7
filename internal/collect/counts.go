package collect

import (
	"math"
	"time"

	"factorfleet/internal/task"
)

// Counts are the statistics of a Collector. All but Refused count numbers.
type Counts struct {
	Verified   uint64        // answered
	Unfinished uint64        // answered, with a composite factor left over; with Config.One, without a proper factor
	Dead       uint64        // given up
	Duplicate  uint64        // answers for positions that were covered already, verified or not
	Refused    uint64        // refused results
	CPU        time.Duration // of all Verified answers, as their workers claim
	Workers    []WorkerShare // in the order of their first accepted result
}

// A WorkerShare counts the Verified answers of one worker.
type WorkerShare struct {
	Name     string
	Verified uint64
}

// Counts returns the counts so far. The caller owns the slice.
func (c *Collector) Counts() Counts {
	n := c.counts
	n.Refused = c.refused.Load()
	n.Workers = append([]WorkerShare(nil), c.workers...)
	return n
}

// Verified returns how many numbers are answered: Counts().Verified without its cost.
func (c *Collector) Verified() uint64 { return c.counts.Verified }

// workerIndex returns the index of name in workers, and appends it if it is new. A
// server without credentials accepts any name, so at most 65,535 names are
// distinguished; all further ones share the last entry, "(others)".
func (c *Collector) workerIndex(name string) uint16 {
	if i, ok := c.index[name]; ok {
		return i
	}
	if len(c.workers) == math.MaxUint16 {
		name = "(others)"
	}
	if len(c.workers) > math.MaxUint16 {
		return math.MaxUint16
	}
	i := uint16(len(c.workers))
	c.workers = append(c.workers, WorkerShare{Name: name})
	c.index[name] = i
	return i
}

// countVerified counts new answers of a worker.
func (c *Collector) countVerified(items []task.Factorization, worker uint16) {
	c.workers[worker].Verified += uint64(len(items))
	c.counts.Verified += uint64(len(items))
	c.counts.Unfinished += c.unfinished(items)
	cpu := c.counts.CPU
	for i := range items {
		cpu = saturatingAdd(cpu, items[i].CPU)
	}
	c.counts.CPU = cpu
}

// countLost takes back what countVerified has counted for p, except its CPU time,
// which was spent.
func (c *Collector) countLost(p *piece) {
	c.counts.Verified -= uint64(p.count)
	c.counts.Unfinished -= uint64(p.unfinished)
	c.workers[p.worker].Verified -= uint64(p.count)
}

// saturatingAdd returns min(a+b, MaxInt64): workers may claim any duration. Requires
// a, b >= 0.
func saturatingAdd(a, b time.Duration) time.Duration {
	if b > math.MaxInt64-a {
		return math.MaxInt64
	}
	return a + b
}

// unfinished counts the items with a composite factor left over; with Config.One those without a proper factor.
func (c *Collector) unfinished(items []task.Factorization) (n uint64) {
	for i := range items {
		if items[i].Unfinished() && !(c.cfg.One && items[i].HasProper()) {
			n++
		}
	}
	return n
}
