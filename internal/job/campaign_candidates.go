package job

import (
	"slices"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// A candidate is a composite that owners name. It does not change.
type candidate struct {
	fleet.Composite // what the owner says that expects to be done last
	child           string
	owners          []string          // workers that name it, sorted
	said            []fleet.Composite // what each of owners says, in any order
	since           time.Time         // when this process has first seen it named; it is forgotten when nobody names it
	charged         string            // of a candidate in campaigns.active: the owner for which maxOfOwner counts it
}

// remember takes over since when the candidates of found were among those of before, and notes the others as seen now.
func remember(found map[string]*candidate, before *map[string]*candidate, now time.Time) {
	for child, x := range found {
		x.since = now
		if before != nil && (*before)[child] != nil {
			x.since = (*before)[child].since
		}
	}
}

// claims returns what each owner says of the composite. Any worker may say that it is an owner: so a claim may begin a
// campaign, and none prevents it.
func (x *candidate) claims() []fleet.Composite {
	if len(x.said) == 0 {
		return []fleet.Composite{x.Composite}
	}
	return x.said
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
		known.add(x)
	}
	for _, x := range found {
		slices.Sort(x.owners)
	}
	return found
}

// add adds what a worker says. Of two claims of one worker the one counts that expects to be done last.
func (x *candidate) add(claim fleet.Composite) {
	i := slices.Index(x.owners, claim.Worker)
	switch {
	case i < 0 && len(x.owners) < maxOwners:
		x.owners, x.said = append(x.owners, claim.Worker), append(x.said, claim)
	case i >= 0 && claim.Left > x.said[i].Left:
		x.said[i] = claim
	}
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
