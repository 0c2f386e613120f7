package gf2

// A search looks for dependencies of a matrix among those of its core. Sets of rows are
// handled 64 at a time: a word for each row, whose bit i says whether the row is in set
// i.
type search struct {
	m      *Matrix
	f      func(rows []uint32) bool // receives the dependencies
	alive  func() error
	merges []merge  // of the filter, in order
	origin []uint32 // of the rows of the core; nil if the core is the whole matrix
	*scratch
}

// A scratch is memory that a Matrix keeps from one search to the next.
type scratch struct {
	core []uint64 // a word for each row of the core
	rows []uint64 // a word for each row of the whole
	sums []uint64 // a word for each column: the sum of the words of its rows
	set  []uint32 // the set that is handed out
}

const (
	// filterFrom is the number of rows from which the filter and elimination are
	// quicker than elimination alone: see BenchmarkFilter.
	filterFrom = 1000
	// lanczosFrom is the number of rows of the core from which block Lanczos is quicker
	// than elimination: see BenchmarkCore.
	lanczosFrom = 3500
	// denseUpTo is the number of rows of the core up to which elimination follows block
	// Lanczos if that finds too few dependencies. It takes 8 MB. The larger the core,
	// the less it is needed.
	denseUpTo = 8192
	// tries is the number of seeds with which block Lanczos is tried.
	tries = 4
	// wanted is the number of dependencies that are enough: all of them fail with a
	// probability of 2^-32.
	wanted = 32
	// firstGroup is the number of dependencies that elimination makes before the first
	// ones are handed out. The number doubles each time: mostly one or two are used.
	firstGroup = 2
	// maxWorkers bounds the goroutines. Each takes memory for an image.
	maxWorkers = 8
)

// direct finds dependencies by elimination of the whole matrix.
func (s *search) direct() error {
	d := &s.m.dense
	d.reset(s.m.columns, s.m.Rows())
	for r := range uint32(s.m.Rows()) {
		for _, c := range s.m.row(r) {
			d.flip(int(c), int(r))
		}
	}
	return s.eliminate()
}

// filtered finds dependencies of the core that a filter leaves.
func (s *search) filtered() error {
	var f filter
	if err := f.run(s.m, s.alive); err != nil {
		return err
	}
	core := f.core()
	s.merges = f.merges
	if err := s.alive(); err != nil {
		return err
	}
	return s.solve(core)
}

// solve finds dependencies of the core: by block Lanczos if it is large, by elimination
// if it is small or if block Lanczos finds too few.
func (s *search) solve(core *core) error {
	s.origin = core.origin
	// Block Lanczos needs some blocks of rows to work at all; below lanczosFrom
	// elimination is also quicker.
	if core.rows >= lanczosFrom {
		if done, err := s.lanczos(core); done || err != nil {
			return err
		}
		if core.rows > denseUpTo {
			return nil
		}
	}
	if err := core.fill(&s.m.dense, s.alive); err != nil {
		return err
	}
	return s.eliminate()
}

// lanczos finds dependencies of the core by block Lanczos, with one seed after the
// other. It reports whether there were enough: wanted, or as many as rows exceed
// columns.
func (s *search) lanczos(core *core) (done bool, err error) {
	l := newLanczos(core, min(max(s.m.Workers, 1), maxWorkers), s.alive)
	if s.m.Worker != nil {
		l.worker = s.m.Worker
	}
	l.done = s.m.Progress
	for seed := range uint64(tries) {
		ok, err := l.run(seed)
		if err != nil {
			return false, err
		}
		if !ok {
			continue
		}
		x, count, err := l.solutions()
		if err != nil {
			return false, err
		}
		if count >= min(wanted, core.rows-core.columns-width*len(core.heavy)) && count > 0 {
			_, err := s.deliver(x, count)
			return true, err
		}
	}
	return false, nil
}

// eliminate finds all dependencies by elimination of m.dense, and hands them out in
// groups of 2, 4, 8 to 64.
func (s *search) eliminate() error {
	d := &s.m.dense
	if err := d.reduce(s.alive); err != nil {
		return err
	}
	s.core = resize(s.core, d.unknowns)
	clear(s.core)
	count, group, more := 0, firstGroup, true
	var err error
	d.kernel(func(set []uint32) bool {
		for _, r := range set {
			s.core[r] |= 1 << count
		}
		if count++; count == group {
			more, err = s.deliver(s.core, count)
			clear(s.core)
			count, group = 0, min(2*group, 64)
		}
		return more && err == nil
	})
	if more && err == nil && count > 0 {
		_, err = s.deliver(s.core, count)
	}
	return err
}

// deliver calls f with the dependencies in the lowest count bits of the words x, a word
// for each row of the core, as sets of rows of the whole. It reports whether f has
// returned true each time. It leaves out sets whose rows do not add up to zero, so that
// f sees only true dependencies.
func (s *search) deliver(x []uint64, count int) (more bool, err error) {
	p := workMeter{alive: s.alive}
	x = s.expand(x)
	wrong, err := s.sum(x, &p)
	if err != nil {
		return false, err
	}
	for i := range count {
		if wrong>>i&1 == 1 {
			continue
		}
		s.set = s.set[:0]
		for r, w := range x {
			if w>>i&1 == 1 {
				s.set = append(s.set, uint32(r))
			}
		}
		if err := p.spend(len(x)); err != nil {
			return false, err
		}
		if !s.f(s.set) {
			return false, nil
		}
	}
	return true, nil
}

// expand returns the words of all rows, from those of the core. A pivot is in a set as
// often, modulo 2, as the targets to which it was added:
//
//	x[pivot] = sum of x[target] over the merges of this pivot.
//
// A target may itself be a pivot of later merges. So the merges are taken in reverse,
// when x[target] is final.
func (s *search) expand(core []uint64) []uint64 {
	if s.origin == nil {
		return core
	}
	s.rows = resize(s.rows, s.m.Rows())
	x := s.rows
	clear(x)
	for i, r := range s.origin {
		x[r] = core[i]
	}
	for i := len(s.merges) - 1; i >= 0; i-- {
		x[s.merges[i].pivot] ^= x[s.merges[i].target]
	}
	return x
}

// sum returns the bits for which the sum of the rows, of the matrix as it was given, is
// not zero: the sets that are no dependencies.
func (s *search) sum(x []uint64, p *workMeter) (wrong uint64, err error) {
	s.sums = resize(s.sums, s.m.columns)
	clear(s.sums)
	for r, w := range x {
		row := s.m.row(uint32(r))
		for _, c := range row {
			s.sums[c] ^= w
		}
		if err := p.spend(len(row)); err != nil {
			return 0, err
		}
	}
	for _, w := range s.sums {
		wrong |= w
	}
	return wrong, nil
}
