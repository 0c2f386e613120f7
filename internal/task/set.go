package task

import (
	"iter"
	"slices"
	"sort"
)

// A Set is a set of positions, stored as maximal ranges: the covered or queued positions
// of a job are usually a few ranges, however long the job is. The zero value is empty. A
// Set is not safe for concurrent use.
//
// The ranges are stored in pages. If answers arrive in random order there may be hundreds
// of thousands of ranges, and an insertion moves at most one page. Add costs O(1) at or
// near the end, elsewhere O(log n) and the move.
//
// Invariants: no page is empty or longer than pageSize; within and across pages the
// ranges are not empty, ascend, and are maximal (at least one position is missing
// between neighbours); length is the sum of their counts.
type Set struct {
	pages  [][]Range
	length uint64
}

const pageSize = 256 // ranges of a page; 4 KiB

// Len returns the number of positions in s.
func (s *Set) Len() uint64 { return s.length }

// Add adds the positions of r to s and returns how many of them were new. It replaces all ranges that r overlaps or
// touches, of old positions together, by their span with r:
//
//	new = |span| - old
func (s *Set) Add(r Range) uint64 {
	if r.Count == 0 {
		return 0
	}
	// (p, i) is the first range that overlaps or touches r: the first with End > r.First-1.
	p, i := s.find(r.First - min(1, r.First))
	if p == len(s.pages) || r.End() < s.pages[p][i].First {
		s.insert(p, i, r)
		s.length += r.Count
		return r.Count
	}
	first, end, old := min(r.First, s.pages[p][i].First), r.End(), uint64(0)
	q, j := p, i
	for q < len(s.pages) && s.pages[q][j].First <= end {
		old += s.pages[q][j].Count
		end = max(end, s.pages[q][j].End())
		q, j = s.next(q, j)
	}
	s.pages[p][i] = Span(first, end)
	s.cut(p, i+1, q, j)
	fresh := end - first - old
	s.length += fresh
	return fresh
}

// Remove removes the positions of r from s and returns how many of them were in s. It cuts out all ranges that r
// overlaps, and adds what stood out of r at both ends.
func (s *Set) Remove(r Range) uint64 {
	p, i := s.find(r.First)
	if p == len(s.pages) || r.End() <= s.pages[p][i].First || r.Count == 0 {
		return 0
	}
	first, end, old := s.pages[p][i].First, uint64(0), uint64(0)
	q, j := p, i
	for q < len(s.pages) && s.pages[q][j].First < r.End() {
		old += s.pages[q][j].Count
		end = s.pages[q][j].End()
		q, j = s.next(q, j)
	}
	s.cut(p, i, q, j)
	s.length -= old
	if first < r.First {
		old -= s.Add(Span(first, r.First))
	}
	if r.End() < end {
		old -= s.Add(Span(r.End(), end))
	}
	return old
}

// AddSet adds the positions of t to s and returns how many of them were new.
func (s *Set) AddSet(t *Set) uint64 {
	var fresh uint64
	for r := range t.Ranges() {
		fresh += s.Add(r)
	}
	return fresh
}

// Contains reports whether all positions of r are in s; true for an empty r.
func (s *Set) Contains(r Range) bool {
	if r.Count == 0 {
		return true
	}
	p, i := s.find(r.First)
	return p < len(s.pages) && s.pages[p][i].Contains(r)
}

// Overlaps reports whether any position of r is in s; false for an empty r.
func (s *Set) Overlaps(r Range) bool {
	if r.Count == 0 {
		return false
	}
	p, i := s.find(r.First)
	return p < len(s.pages) && s.pages[p][i].First < r.End()
}

// Ranges yields the maximal ranges of s in ascending order. s must not change
// meanwhile.
func (s *Set) Ranges() iter.Seq[Range] {
	return func(yield func(Range) bool) {
		for _, page := range s.pages {
			for _, r := range page {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// Gaps yields the maximal ranges of within whose positions are missing in s, in
// ascending order. s must not change meanwhile.
func (s *Set) Gaps(within Range) iter.Seq[Range] {
	return func(yield func(Range) bool) {
		at, end := within.First, within.End()
		// Before and after each iteration: the gaps of [within.First, at) were yielded.
		for p, i := s.find(at); at < end && p < len(s.pages); p, i = s.next(p, i) {
			r := s.pages[p][i]
			if r.First >= end {
				break
			}
			if at < r.First && !yield(Span(at, r.First)) {
				return
			}
			at = r.End()
		}
		if at < end {
			yield(Span(at, end))
		}
	}
}

// Within yields the maximal ranges of within whose positions are in s, in ascending order. s must not change
// meanwhile.
func (s *Set) Within(within Range) iter.Seq[Range] {
	return func(yield func(Range) bool) {
		at, end := within.First, within.End()
		for gap := range s.Gaps(within) {
			if at < gap.First && !yield(Span(at, gap.First)) {
				return
			}
			at = gap.End()
		}
		if at < end {
			yield(Span(at, end))
		}
	}
}

// find returns the page and index of the first range with End > x, or (len(pages), 0).
func (s *Set) find(x uint64) (p, i int) {
	if len(s.pages) == 0 {
		return 0, 0
	}
	// Most calls are about positions near the end.
	page := s.pages[len(s.pages)-1]
	switch last := page[len(page)-1]; {
	case last.End() <= x:
		return len(s.pages), 0
	case last.First <= x:
		return len(s.pages) - 1, len(page) - 1
	}
	if len(s.pages) > 1 {
		p = sort.Search(len(s.pages), func(p int) bool { page := s.pages[p]; return page[len(page)-1].End() > x })
		page = s.pages[p]
	}
	return p, sort.Search(len(page), func(i int) bool { return page[i].End() > x })
}

// next returns the page and index of the range after (p, i), or (len(pages), 0).
func (s *Set) next(p, i int) (int, int) {
	if i+1 < len(s.pages[p]) {
		return p, i + 1
	}
	return p + 1, 0
}

// insert inserts r before the range (p, i), which find or next returned.
func (s *Set) insert(p, i int, r Range) {
	if p == len(s.pages) { // at the end: fill the last page before adding another
		if p > 0 && len(s.pages[p-1]) < pageSize {
			s.pages[p-1] = append(s.pages[p-1], r)
		} else {
			s.pages = append(s.pages, []Range{r})
		}
		return
	}
	if len(s.pages[p]) == pageSize {
		const half = pageSize / 2
		right := slices.Clone(s.pages[p][half:])
		s.pages[p] = s.pages[p][:half]
		s.pages = slices.Insert(s.pages, p+1, right)
		if i > half {
			p, i = p+1, i-half
		}
	}
	s.pages[p] = slices.Insert(s.pages[p], i, r)
}

// cut deletes the ranges from (p, i) up to but not including (q, j), and the pages that
// become empty. Requires (p, i) <= (q, j), p < len(pages), i <= len(pages[p]), and a
// (q, j) that next has returned.
func (s *Set) cut(p, i, q, j int) {
	if p == q {
		s.pages[p] = slices.Delete(s.pages[p], i, j)
	} else {
		s.pages[p] = s.pages[p][:i]
		if q < len(s.pages) {
			s.pages[q] = slices.Delete(s.pages[q], 0, j) // j < len: one range at least remains
		}
	}
	from, to := p+1, max(p+1, q)
	if len(s.pages[p]) == 0 {
		from = p
	}
	if from < to {
		s.pages = slices.Delete(s.pages, from, to)
	}
}
