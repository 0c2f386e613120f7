package job

import (
	"slices"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// A candidate is a composite that owners name. It does not change.
type candidate struct {
	fleet.Composite
	child  string
	owners []string // workers that name it, sorted
}

// candidatesOf groups the composites that workers name, by child: at most maxCandidates. Of several owners of one
// composite the one counts that expects to be done last: else a worker could prevent the campaigns of all others.
func candidatesOf(list []fleet.Composite) map[string]*candidate {
	found := make(map[string]*candidate)
	named := make(map[string]int)
	for _, x := range list {
		if named[x.Worker]++; named[x.Worker] > maxOfWorker {
			continue
		}
		child := task.ChildID(x.Job, x.Position, x.Number)
		known := found[child]
		switch {
		case known == nil && len(found) >= maxCandidates:
			continue
		case known == nil:
			known = &candidate{Composite: x, child: child}
			found[child] = known
		case x.Left > known.Left:
			known.Composite = x
		}
		if !slices.Contains(known.owners, x.Worker) && len(known.owners) < maxOwners {
			known.owners = append(known.owners, x.Worker)
		}
	}
	for _, x := range found {
		slices.Sort(x.owners)
	}
	return found
}

// maxOwners is how many workers get hints about one composite.
const maxOwners = 16

// ownersOf returns the workers that name the composite of a part. A worker that is at work on another factor of the
// number gets no hint of this part: it has one hint at a time, and would forget the campaign for that factor.
func (c *campaigns) ownersOf(p *task.Part) []string {
	found := c.candidates.Load()
	if found == nil {
		return nil
	}
	if x := (*found)[p.ID]; x != nil {
		return x.owners
	}
	return nil
}

// isCandidate reports whether a worker names the composite of a part.
func (c *campaigns) isCandidate(child string) bool {
	found := c.candidates.Load()
	return found != nil && (*found)[child] != nil
}
