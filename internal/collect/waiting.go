package collect

import (
	"slices"
	"sort"
)

// A waitingList holds pieces of disjoint ranges, sorted by their first position, in
// pages of at most pageSize entries. The cost of push is O(1) at the end, else
// O(log n) and a memmove of one page; min, max, popMin and popMax cost O(1). Only the
// pages at both ends have spare capacity.
//
// Invariants: no page is empty or longer than pageSize; start ascends within a page and
// from page to page.
//
// E is the type of an entry and P the pointer to it.
type waitingList[E any, P interface {
	*E
	start() uint64
}] struct {
	pages [][]E
}

const pageSize = 256 // entries

// push inserts e. Its start must differ from that of every entry.
func (l *waitingList[E, P]) push(e E) {
	at := P(&e).start()
	if last := l.max(); last == nil || last.start() < at { // the usual case
		if n := len(l.pages); n > 0 && len(l.pages[n-1]) < pageSize {
			l.pages[n-1] = append(l.pages[n-1], e)
		} else {
			l.pages = append(l.pages, []E{e})
		}
		return
	}
	// The first page whose last entry is behind e, and the index of e in it.
	p := sort.Search(len(l.pages), func(p int) bool { page := l.pages[p]; return P(&page[len(page)-1]).start() > at })
	page := l.pages[p]
	i := sort.Search(len(page), func(i int) bool { return P(&page[i]).start() > at })
	if len(page) == pageSize {
		const half = pageSize / 2
		l.pages = slices.Insert(l.pages, p+1, slices.Clone(page[half:]))
		clear(page[half:])
		l.pages[p] = page[:half]
		if i > half {
			p, i = p+1, i-half
		}
	}
	l.pages[p] = slices.Insert(l.pages[p], i, e)
}

// min returns the first entry, or nil if the list is empty.
func (l *waitingList[E, P]) min() P {
	if len(l.pages) == 0 {
		return nil
	}
	return &l.pages[0][0]
}

// max returns the last entry, or nil if the list is empty.
func (l *waitingList[E, P]) max() P {
	if len(l.pages) == 0 {
		return nil
	}
	page := l.pages[len(l.pages)-1]
	return &page[len(page)-1]
}

// popMin removes the first entry. Requires a list that is not empty.
func (l *waitingList[E, P]) popMin() {
	page := l.pages[0]
	clear(page[:1]) // so that the entry keeps no payload alive
	l.pages[0] = page[1:]
	if len(page) == 1 {
		l.pages[0] = nil
		l.pages = l.pages[1:]
	}
}

// popMax removes the last entry. Requires a list that is not empty.
func (l *waitingList[E, P]) popMax() {
	last := len(l.pages) - 1
	page := l.pages[last]
	clear(page[len(page)-1:])
	l.pages[last] = page[:len(page)-1]
	if len(page) == 1 {
		l.pages[last] = nil
		l.pages = l.pages[:last]
	}
}
