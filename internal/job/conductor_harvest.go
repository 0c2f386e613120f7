package job

import (
	"math"
	"time"
)

// While tasks of others wait, a campaign uses half of the slots. How many slots there are, workers say of themselves.
// With the word of one worker that names thousands, the sieve would have all slots of the others. Therefore only slots
// count then whose relations have arrived.
//
// harvests has the relations that workers have sent lately. It has two spans of time: the one that runs, and the one
// before.
type harvests struct {
	began, before time.Time
	span          time.Duration  // of the last call of slots
	now, last     map[string]int // relations by worker, at most maxBounded workers
}

// A harvest is what one core harvests.
type harvest struct {
	perCore float64       // relations or curves a second, by the tables of this machine
	span    time.Duration // in which a slow core has sent some
}

const (
	harvestSpan = 10 * time.Second
	// slowCore is how many times slower than in the tables a core may be, of which all slots count.
	slowCore = 4
	// leastSlots count for each campaign in any case, so that the first relations arrive.
	leastSlots = 2
)

// add notes new relations of a worker.
func (h *harvests) add(worker string, relations int, now time.Time) {
	h.turn(now)
	if _, known := h.now[worker]; known || len(h.now) < maxBounded {
		h.now[worker] += relations
	}
}

// turn begins a new span if the one that runs is over.
func (h *harvests) turn(now time.Time) {
	if h.now != nil && now.Sub(h.began) < max(h.span, harvestSpan) {
		return
	}
	h.last, h.before = h.now, h.began
	if now.Sub(h.began) >= 2*max(h.span, harvestSpan) {
		h.last, h.before = nil, now
	}
	h.now, h.began = make(map[string]int), now
}

// slots returns how many of the slots that workers claim to have, by worker, have proved by relations that they sieve.
// The caller shares them among so many campaigns, of which h knows one: the others are taken to have as many relations.
// A campaign that has half of its share may double its tasks at a time: so n slots are at work after log2(n) tasks.
func (h *harvests) slots(of harvest, claimed map[string]int, campaigns int, now time.Time) (n int) {
	h.span = of.span
	h.turn(now)
	seconds := max(now.Sub(h.before).Seconds(), 1)
	if h.last == nil {
		seconds = max(now.Sub(h.began).Seconds(), 1)
	}
	all := 0
	for worker, slots := range claimed {
		proved := math.Ceil(slowCore * float64(campaigns) * float64(h.now[worker]+h.last[worker]) / seconds / of.perCore)
		n += min(slots, int(min(proved, math.MaxInt32)))
		all += slots
	}
	return min(all, max(n, leastSlots*campaigns))
}
