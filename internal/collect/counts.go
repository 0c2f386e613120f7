package collect

import (
	"math"
	"time"

	"factorfleet/internal/task"
)

// Counts is what a Collector has seen. All but Refused count numbers.
type Counts struct {
	Verified   uint64        // have a verified answer
	Unfinished uint64        // of these, with a composite left over
	Dead       uint64        // given up
	Duplicate  uint64        // verified answers for what was verified before
	Late       uint64        // verified answers for what was given up before
	Lost       uint64        // answers that could not be read again
	Refused    uint64        // results
	CPU        time.Duration // as the workers say, for every answer that was new
	Workers    []Tally       // in order of appearance
}

// A Tally is one worker's share.
type Tally struct {
	Name      string
	Verified  uint64 // answers that stand
	Duplicate uint64 // answers that came after another's, or too late
	CPU       time.Duration
}

// Counts returns the counts so far.
func (c *Collector) Counts() Counts {
	n := c.counts
	n.Refused = c.refused.Load()
	n.Workers = append([]Tally(nil), c.workers...)
	return n
}

// worker returns the index of name in workers. Names are free to invent where
// there are no credentials, so only so many are told apart.
func (c *Collector) worker(name string) uint16 {
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
	c.workers = append(c.workers, Tally{Name: name})
	c.index[name] = i
	return i
}

// countVerified counts new answers of a worker.
func (c *Collector) countVerified(items []task.Factorization, worker uint16) {
	w := &c.workers[worker]
	w.Verified += uint64(len(items))
	c.counts.Verified += uint64(len(items))
	c.counts.Unfinished += unfinished(items)
	var cpu time.Duration
	for i := range items {
		cpu = plus(cpu, items[i].CPU)
	}
	w.CPU = plus(w.CPU, cpu)
	c.counts.CPU = plus(c.counts.CPU, cpu)
}

// countRest counts the answers of k that were not fresh.
func (c *Collector) countRest(k *Checked, fresh uint64, worker uint16) {
	rest := k.Range.Count - fresh
	if rest == 0 {
		return
	}
	late := k.Range.Count
	for r := range c.dead.Missing(k.Range) {
		late -= r.Count
	}
	c.counts.Late += late
	c.counts.Duplicate += rest - late
	c.workers[worker].Duplicate += rest
}

// plus returns a+b, or the most there is: durations are claims. Requires a, b >= 0.
func plus(a, b time.Duration) time.Duration {
	if b > math.MaxInt64-a {
		return math.MaxInt64
	}
	return a + b
}

// unfinished counts the items with a composite left over.
func unfinished(items []task.Factorization) (n uint64) {
	for i := range items {
		for _, f := range items[i].Factors {
			if f.Status == task.Composite {
				n++
				break
			}
		}
	}
	return n
}
