package collect

import (
	"cmp"
	"hash/maphash"
	"slices"

	"factorfleet/internal/task"
)

// Answers that cannot be verified are compared: with Config.Replicas = 2 a position is covered once two workers have
// given the same answer.
//
//	missing --first answer--> one vote --the same answer of another worker--> covered
//	                             |
//	                             +--another answer of another worker--> two votes that differ, ...
//
// A position with votes is missing. The first vote of a worker counts, its later ones do not. The answer that is
// emitted is the one of the result that has completed the pair. All results are stored, so a process that begins anew
// counts the same votes.

// A vote is one worker's answer to one position.
type vote struct {
	hash   uint64 // of the answer, with hashSeed
	worker uint16 // index into Collector.workers
}

// MaxVotes is how many workers may give different answers to one position. The next ones do not count.
const MaxVotes = 5

// A Split is a range of positions with votes of the same workers and no two equal answers.
type Split struct {
	Range   task.Range
	Workers []string // who have answered, 1 to MaxVotes
}

// confirm counts the answers of k to the positions of gaps, which are missing, and returns the parts of gaps that are
// confirmed, in place.
func (c *Collector) confirm(k *Checked, worker uint16, gaps []task.Range) []task.Range {
	var confirmed []task.Range
	c.voted, c.repeated = nil, false
	for _, gap := range gaps {
		for at := gap.First; at < gap.End(); at++ {
			switch c.vote(at, vote{hashOf(&k.result.Items[at-k.Range.First]), worker}) {
			case completes:
				confirmed = withPosition(confirmed, at)
			case counts:
				c.voted = withPosition(c.voted, at)
			default:
				c.repeated = true
			}
		}
	}
	return confirmed
}

// withPosition returns ranges in ascending order with a position behind them.
func withPosition(ranges []task.Range, at uint64) []task.Range {
	if n := len(ranges); n > 0 && ranges[n-1].End() == at {
		ranges[n-1].Count++
		return ranges
	}
	return append(ranges, task.Range{First: at, Count: 1})
}

// A voting is the effect of a vote.
type voting uint8

const (
	ignored   voting = iota // the worker has voted before, or too many have
	counts                  // it is the first vote, or differs from those before
	completes               // another worker has given the same answer
)

// vote counts v for a position. If it completes a pair, the votes of the position are forgotten.
func (c *Collector) vote(at uint64, v vote) voting {
	votes := c.votesOf(at)
	for _, other := range votes {
		if other.worker == v.worker {
			return ignored
		}
	}
	for _, other := range votes {
		if other.hash == v.hash {
			c.forgetVotes(task.Range{First: at, Count: 1})
			return completes
		}
	}
	switch {
	case len(votes) == 0:
		c.votes[at] = v
	case len(votes) < MaxVotes:
		c.others[at] = append(c.others[at], v)
		c.disagreed++
	default:
		return ignored
	}
	return counts
}

// votesOf returns the votes of a position in the order in which they came.
func (c *Collector) votesOf(at uint64) []vote {
	first, voted := c.votes[at]
	if !voted {
		return nil
	}
	return append([]vote{first}, c.others[at]...)
}

// forgetVotes forgets the votes of positions that are covered or given up.
func (c *Collector) forgetVotes(r task.Range) {
	for at := r.First; at < r.End() && len(c.votes) > 0; at++ {
		delete(c.votes, at)
		delete(c.others, at)
	}
}

// hashOf returns the hash of the line of an answer.
func hashOf(f *task.Factorization) uint64 {
	line, _ := f.AppendItem(nil)
	return maphash.Bytes(hashSeed, line)
}

// Disagreed returns how many answers differed from those that other workers had given before.
func (c *Collector) Disagreed() uint64 { return c.disagreed }

// NewVotes returns the positions that the result accepted last has given a vote and not covered, in ascending order. A
// worker may store any number of results for the same positions: the later ones are no reason to ask another worker.
// repeated: its worker had voted about others before, which are missing still. The list is valid until the next Accept.
func (c *Collector) NewVotes() (ranges []task.Range, repeated bool) { return c.voted, c.repeated }

// Voted divides r, which is missing, into ranges in ascending order, of which each has votes of the same workers.
// Positions without a vote have no workers.
func (c *Collector) Voted(r task.Range) (list []Split) {
	if len(c.votes) == 0 {
		return []Split{{Range: r}}
	}
	var last []uint16
	for at := r.First; at < r.End(); at++ {
		voters := c.voters(at)
		if n := len(list); n > 0 && slices.Equal(voters, last) {
			list[n-1].Range.Count++
			continue
		}
		list, last = append(list, Split{Range: task.Range{First: at, Count: 1}, Workers: c.names(voters)}), voters
	}
	return list
}

// voters returns the indices of the workers that have voted about a position, in ascending order.
func (c *Collector) voters(at uint64) (list []uint16) {
	for _, v := range c.votesOf(at) {
		list = append(list, v.worker)
	}
	slices.SortFunc(list, cmp.Compare)
	return list
}

// names returns the names of workers.
func (c *Collector) names(indices []uint16) (list []string) {
	for _, i := range indices {
		list = append(list, c.workers[i].Name)
	}
	return list
}
