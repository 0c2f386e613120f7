package gf2

import (
	"cmp"
	"slices"
)

// A store has the rows of a matrix while it is filtered, in memory that does not grow.
// The light columns of all rows are in one arena. A row that changes is written anew at
// the end of the arena; when the end is reached, compact moves the rows together.
//
// Invariants: row r is arena[start:end) of its span, ascending, without duplicates.
// Spans do not overlap. live is the sum of their lengths. columns.weight has for each
// light column the number of rows that have it.
type store struct {
	columns
	row     []span   // of each row: its light columns
	removed []bool   // of each row
	arena   []uint32 // light columns of all rows
	end     uint32   // arena[end:] is free
	live    int      // entries of all rows that are not removed
	rows    int      // rows that are not removed
	blocks  int      // blocks of width heavy columns
	heavy   []vec    // heavy[r*blocks+b] is block b of row r
	order   []uint32 // rows in the order of the arena: see compact
}

// A span is a part of the arena. That of a removed row is empty.
type span struct{ start, end uint32 }

func (s span) len() int { return int(s.end - s.start) }

const (
	// maxBlocks bounds the blocks of heavy columns. A block takes 16 bytes a row, as
	// much as 4 entries of a list.
	maxBlocks = 3
	// heavyFrom is the mean number of 1s of a row in a block of columns from which they
	// are heavy.
	heavyFrom = 2
	// roomPerRow is the number of entries by which rows may grow on average.
	roomPerRow = 20
)

// arenaRoom returns the size of the arena for so many rows with so many entries in all.
func arenaRoom(rows, entries int) int { return entries + roomPerRow*rows + 1<<10 }

// load copies the rows of m. The column heavy[i] becomes bit i of the heavy part, the
// others become lists.
func (s *store) load(m *Matrix, heavy []uint32, p *workMeter) error {
	const light = ^uint32(0)
	place := make([]uint32, m.columns)
	for c := range place {
		place[c] = light
	}
	// place[c] is the bit of a heavy column, or light.
	for i, c := range heavy {
		place[c] = uint32(i)
	}
	for _, c := range m.entries {
		if place[c] == light {
			s.live++
		}
	}
	s.rows = m.Rows()
	s.blocks = (len(heavy) + width - 1) / width
	s.row, s.removed = make([]span, s.rows), make([]bool, s.rows)
	s.order = make([]uint32, 0, s.rows)
	s.arena = make([]uint32, arenaRoom(s.rows, s.live))
	s.heavy = make([]vec, s.rows*s.blocks)
	for r := range s.row {
		start := s.end
		columns := m.row(uint32(r))
		for _, c := range columns {
			if at := place[c]; at != light {
				s.heavy[r*s.blocks+int(at)/width].flip(int(at) % width)
			} else {
				s.arena[s.end] = c
				s.end++
			}
		}
		s.row[r] = span{start, s.end}
		slices.Sort(s.arena[start:s.end])
		if err := p.spend(8 * len(columns)); err != nil {
			return err
		}
	}
	return nil
}

// entries returns the light columns of a row, given its span.
func (s *store) entries(at span) []uint32 { return s.arena[at.start:at.end] }

// add adds the row pivot to the row target modulo 2, by a merge of two ascending lists
// in which equal columns cancel. It reports whether there was room; if not, nothing has
// changed. The columns keep count of the rows that they gain and lose.
func (s *store) add(pivot, target uint32) bool {
	most := s.row[pivot].len() + s.row[target].len()
	if int(s.end)+most > len(s.arena) && !s.makeRoom(most) {
		return false
	}
	// z is written behind all rows, so that it overlaps neither x nor y, even if they
	// have moved in makeRoom.
	x, y := s.entries(s.row[pivot]), s.entries(s.row[target])
	z := s.arena[s.end:s.end]
	for len(x) > 0 && len(y) > 0 {
		switch {
		case x[0] < y[0]:
			z = append(z, x[0])
			s.enter(x[0], target)
			x = x[1:]
		case x[0] > y[0]:
			z = append(z, y[0])
			y = y[1:]
		default:
			s.leave(x[0], target)
			x, y = x[1:], y[1:]
		}
	}
	for _, c := range x {
		s.enter(c, target)
	}
	z = append(append(z, x...), y...)
	s.live += len(z) - s.row[target].len()
	s.row[target] = span{s.end, s.end + uint32(len(z))}
	s.end += uint32(len(z))
	for b := range s.blocks {
		s.heavy[int(target)*s.blocks+b].add(&s.heavy[int(pivot)*s.blocks+b])
	}
	return true
}

// remove removes a row from the store and from its columns.
func (s *store) remove(r uint32) {
	for _, c := range s.entries(s.row[r]) {
		s.leave(c, r)
	}
	s.live -= s.row[r].len()
	s.rows--
	s.row[r], s.removed[r] = span{}, true
}

// makeRoom moves the rows together and reports whether there is then room for so many
// more entries. It refuses when the arena is 7/8 full, since it would be called for
// ever fewer entries.
func (s *store) makeRoom(more int) bool {
	if s.live+more > len(s.arena)/8*7 {
		return false
	}
	s.compact()
	return true
}

// compact moves the rows to the start of the arena, in the order of their spans, so
// that each moves down. order then lists them in that order.
func (s *store) compact() {
	s.order = s.order[:0]
	for r, gone := range s.removed {
		if !gone {
			s.order = append(s.order, uint32(r))
		}
	}
	slices.SortFunc(s.order, func(x, y uint32) int { return cmp.Compare(s.row[x].start, s.row[y].start) })
	s.end = 0
	for _, r := range s.order {
		n := copy(s.arena[s.end:], s.entries(s.row[r]))
		s.row[r] = span{s.end, s.end + uint32(n)}
		s.end += uint32(n)
	}
}
