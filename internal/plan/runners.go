package plan

import (
	"slices"
	"time"

	"factorfleet/internal/task"
)

// A runners has the numbers at work, by position.
type runners map[uint64]*runner

// next returns the runners of a new list at the time now. A number of the old list that is not stated any more, and has no
// answer, is followed by the nearest later one that is new: its task goes on. If there is none, it is kept for a while, until
// its answer arrives. lately has the last ranges with answers.
func (old runners) next(list []Running, lately []task.Range, now time.Time) runners {
	all := make(runners, len(list))
	var fresh []uint64
	for _, r := range list {
		known := all[r.Position]
		if known != nil && known.Spent >= r.Spent { // two workers have it
			continue
		}
		if known == nil && old[r.Position] == nil {
			fresh = append(fresh, r.Position)
		}
		all[r.Position] = follow(old[r.Position], r, now)
		if old[r.Position] == nil {
			all[r.Position].reported(lately)
		}
	}
	slices.Sort(fresh)
	for _, position := range old.positions() {
		before := old[position]
		if all[position] != nil || before.finished {
			continue
		}
		i := slices.IndexFunc(fresh, func(p uint64) bool { return all[p].follows(before) })
		switch {
		case i >= 0:
			all[fresh[i]].succeed(before)
			fresh = slices.Delete(fresh, i, i+1)
		case now.Sub(before.Seen) < staleRunning:
			ghost := *before
			ghost.gone = true
			all[position] = &ghost
		}
	}
	return all
}

// positions returns the positions, ascending.
func (old runners) positions() []uint64 {
	list := make([]uint64, 0, len(old))
	for position := range old {
		list = append(list, position)
	}
	slices.Sort(list)
	return list
}

// present returns the numbers that are at work, by position.
func (old runners) present() (list []*runner) {
	for _, position := range old.positions() {
		if r := old[position]; !r.finished && !r.gone {
			list = append(list, r)
		}
	}
	return list
}

// total returns the CPU time of all numbers without an answer, in seconds.
func (old runners) total(now time.Time, efficiency float64) (sum float64) {
	for _, r := range old {
		if !r.finished {
			sum += r.total(now, efficiency).Seconds()
		}
	}
	return sum
}

// unreported returns how many numbers are done and not reported. A number that is gone is one of them.
func (old runners) unreported() (n float64) {
	for _, r := range old {
		if n += r.unreported(); r.gone && !r.finished && r.Task.Count > 0 {
			n++
		}
	}
	return n
}
