package collect

import (
	"slices"
	"sort"
)

// A queue holds waiting pieces of disjoint ranges, sorted by their first position,
// in pages: pushing in nearly sorted order costs O(1), anywhere else O(log n) and
// a memmove of one page, popping at either end O(1). There is no spare capacity
// but at the ends of pages.
//
// Invariant: no page is empty or longer than pageSize; start ascends page after
// page. P is the pointer to E.
type queue[E any, P interface {
	*E
	start() uint64
}] struct {
	pages [][]E
}

const pageSize = 256

func (q *queue[E, P]) push(e E) {
	at := P(&e).start()
	if last := q.max(); last == nil || last.start() < at { // the usual case
		if n := len(q.pages); n > 0 && len(q.pages[n-1]) < pageSize {
			q.pages[n-1] = append(q.pages[n-1], e)
		} else {
			q.pages = append(q.pages, []E{e})
		}
		return
	}
	// The first page that ends behind e, and the place in it.
	p := sort.Search(len(q.pages), func(p int) bool { page := q.pages[p]; return P(&page[len(page)-1]).start() > at })
	page := q.pages[p]
	i := sort.Search(len(page), func(i int) bool { return P(&page[i]).start() > at })
	if len(page) == pageSize {
		const half = pageSize / 2
		q.pages = slices.Insert(q.pages, p+1, slices.Clone(page[half:]))
		clear(page[half:])
		q.pages[p] = page[:half]
		if i > half {
			p, i = p+1, i-half
		}
	}
	q.pages[p] = slices.Insert(q.pages[p], i, e)
}

// min returns the first entry, nil if there is none.
func (q *queue[E, P]) min() P {
	if len(q.pages) == 0 {
		return nil
	}
	return &q.pages[0][0]
}

// max returns the last entry, nil if there is none.
func (q *queue[E, P]) max() P {
	if len(q.pages) == 0 {
		return nil
	}
	page := q.pages[len(q.pages)-1]
	return &page[len(page)-1]
}

// popMin removes the first entry; there must be one.
func (q *queue[E, P]) popMin() {
	page := q.pages[0]
	clear(page[:1])
	q.pages[0] = page[1:]
	if len(page) == 1 {
		q.pages[0] = nil
		q.pages = q.pages[1:]
	}
}

// popMax removes the last entry; there must be one.
func (q *queue[E, P]) popMax() {
	last := len(q.pages) - 1
	page := q.pages[last]
	clear(page[len(page)-1:])
	q.pages[last] = page[:len(page)-1]
	if len(page) == 1 {
		q.pages[last] = nil
		q.pages = q.pages[:last]
	}
}
