package plan

import (
	"slices"

	"factorfleet/internal/task"
)

// mostExperience is how many of the last jobs an Experience is made of.
const mostExperience = 64

// An Experience is what jobs that are done say of the times of numbers. A job counts as one witness: see claims.
type Experience struct {
	Answers uint64 // of which the times are known
	Jobs    int
	belief  belief
}

// ExperienceOf returns what the manifests of the jobs say that are done, of factoring; nil if they say nothing. Of many, the
// last ones count.
func ExperienceOf(jobs []*task.Job) *Experience {
	done := slices.DeleteFunc(slices.Clone(jobs), func(j *task.Job) bool {
		return j.State != task.Done || j.Kind != task.KindFactor || !slices.ContainsFunc(j.Sizes, func(s task.SizeCount) bool { return s.Answered > 0 })
	})
	if len(done) == 0 {
		return nil
	}
	slices.SortFunc(done, func(a, b *task.Job) int { return b.Created.Compare(a.Created) })
	done = done[:min(len(done), mostExperience)]
	x := &Experience{Jobs: len(done)}
	var heard [allClasses]*claims
	for _, j := range done {
		for _, s := range j.Sizes {
			if s.Answered == 0 || s.Count == 0 {
				continue
			}
			class := task.SizeClass(s.Bits)
			if heard[class] == nil {
				heard[class] = new(claims)
			}
			work := s.Work.Seconds() * float64(s.Answered) / float64(s.Count)
			heard[class].add(j.ID, amount{float64(s.Answered), work, min(max(s.CPU.Seconds(), work*leastClaim), work*mostClaim)})
			x.Answers += s.Answered
		}
	}
	var evidence [allClasses]amount
	for class, c := range heard {
		evidence[class] = c.bounded()
	}
	x.belief = believe(&evidence)
	return x
}

// ratio returns the ratio of the CPU time of numbers of a class to the prediction. ok says that it was learned.
func (x *Experience) ratio(class int) (r float64, ok bool) {
	if x == nil || !x.belief.learned[class] {
		return 1, false
	}
	return x.belief.ratio[class], true
}

// Heard returns sizes with the answers of each class that this JobProgress has counted, and their CPU time within the bounds
// of claims: what the manifest of a job that is done tells the next ones.
func (p *JobProgress) Heard(sizes []task.SizeCount) []task.SizeCount {
	p.mu.Lock()
	defer p.mu.Unlock()
	sizes = slices.Clone(sizes)
	for i := range sizes {
		class := task.SizeClass(sizes[i].Bits)
		if p.alone {
			class = 0
		}
		heard := p.heard[class].bounded()
		sizes[i].Answered, sizes[i].CPU = min(uint64(heard.numbers+0.5), sizes[i].Count), seconds(heard.cpu)
	}
	return sizes
}
