package job

import (
	"cmp"
	"slices"

	"factorfleet/internal/collect"
	"factorfleet/internal/task"
)

// units are the tasks of a job that are queued or run, as its holder knows them: each is the range of a task. A task runs
// until all its positions are covered, whatever becomes of it: a worker may answer it in parts, or return numbers of it,
// which the sweeper then queues again. So a task that is split counts as one until the next review lists the queue.
//
// They are sorted by their first position. To add one at the end, and to drop one of few, costs little; all operations
// but reset take O(log n) comparisons, and O(n) moves of 16 bytes.
type units struct{ list []task.Range }

// place returns the index of the first unit that begins at first or later.
func (u *units) place(first uint64) int {
	i, _ := slices.BinarySearchFunc(u.list, first, func(r task.Range, first uint64) int { return cmp.Compare(r.First, first) })
	return i
}

// add adds the range of a task. A range that is in u already is added once.
func (u *units) add(r task.Range) {
	i := u.place(r.First)
	for ; i < len(u.list) && u.list[i].First == r.First; i++ {
		if u.list[i] == r {
			return
		}
	}
	u.list = slices.Insert(u.list, i, r)
}

// settle drops the units that overlap an answered range and are covered. Units do not overlap each other, but for those
// that were queued twice: of these the ones around the range are looked at.
func (u *units) settle(answered task.Range, covered func(task.Range) bool) {
	from := u.place(answered.First)
	for from > 0 && u.list[from-1].End() > answered.First {
		from--
	}
	to := from
	for to < len(u.list) && u.list[to].First < answered.End() {
		to++
	}
	kept := from
	for i := from; i < to; i++ {
		if !covered(u.list[i]) {
			u.list[kept] = u.list[i]
			kept++
		}
	}
	u.list = slices.Delete(u.list, kept, to)
}

// within returns the units that overlap ranges, and the parts of these that are in no unit: each is one more.
func (u *units) within(ranges []collect.Split) (list []task.Range) {
	var in, known task.Set
	for _, s := range ranges {
		in.Add(s.Range)
	}
	for _, r := range u.list {
		if in.Overlaps(r) {
			list = append(list, r)
			known.Add(r)
		}
	}
	for r := range in.Ranges() {
		list = slices.AppendSeq(list, known.Gaps(r))
	}
	return list
}

// reset replaces all units by the ranges that are not covered.
func (u *units) reset(ranges []task.Range, covered func(task.Range) bool) {
	u.list = slices.DeleteFunc(slices.Clone(ranges), covered)
	slices.SortFunc(u.list, func(a, b task.Range) int { return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Count, b.Count)) })
	u.list = slices.Compact(u.list)
}
