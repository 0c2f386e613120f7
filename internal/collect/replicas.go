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
// confirmed. It sets c.newVotes.
func (c *Collector) confirm(k *Checked, worker uint16, gaps []task.Range) (confirmed []task.Range) {
	c.newVotes = nil
	for _, gap := range gaps {
		for i := range gap.Count {
			at := gap.First + i
			switch c.vote(at, vote{hashOf(&k.result.Items[at-k.Range.First]), worker}) {
			case voteConfirms:
				confirmed = appendPosition(confirmed, at)
			case voteCounts:
				c.newVotes = appendPosition(c.newVotes, at)
			}
		}
	}
	return confirmed
}

// appendPosition appends a position to ascending ranges that end before it or at it.
func appendPosition(ranges []task.Range, at uint64) []task.Range {
	if n := len(ranges); n > 0 && ranges[n-1].End() == at {
		ranges[n-1].Count++
		return ranges
	}
	return append(ranges, task.Range{First: at, Count: 1})
}

// A voted is what becomes of a vote.
type voted uint8

const (
	voteIgnored  voted = iota // its worker has voted, or MaxVotes others have
	voteCounts                // no other worker has given that answer
	voteConfirms              // another worker has given the same answer
)

// vote counts v for a position. If it confirms another vote, all votes of the position are forgotten.
func (c *Collector) vote(at uint64, v vote) voted {
	votes := c.votes[at]
	for _, other := range votes {
		if other.worker == v.worker {
			return voteIgnored
		}
	}
	for _, other := range votes {
		if other.hash == v.hash {
			delete(c.votes, at)
			return voteConfirms
		}
	}
	if len(votes) >= MaxVotes {
		return voteIgnored
	}
	c.votes[at] = append(votes, v)
	c.disagreed += min(uint64(len(votes)), 1)
	return voteCounts
}

// NewVotes returns the positions for which the last result that was accepted was a worker's first vote, and which are
// missing, in ascending order. A worker may store any number of results for the same positions: the later ones are no
// reason to ask another worker. The ranges are valid until the next Accept.
func (c *Collector) NewVotes() []task.Range { return c.newVotes }

// hashOf returns the hash of the line of an answer.
func hashOf(f *task.Factorization) uint64 {
	line, _ := f.AppendItem(nil)
	return maphash.Bytes(hashSeed, line)
}

// Disagreed returns how many answers differed from those that other workers had given before.
func (c *Collector) Disagreed() uint64 { return c.disagreed }

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
	for _, v := range c.votes[at] {
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
