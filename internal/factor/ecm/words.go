package ecm

import "factorfleet/internal/factor/mont"

// A wordPipeline runs curves on words in two pairs of lanes: one for stage 1, one for
// stage 2. A number that stage 1 splits leaves its lane to the next number. That
// happens in more than a third of the first curves of random numbers, and in a fifth of
// those of semiprimes of 40 bits. A number runs one curve at a time.
//
//	free number -> stage 1 (first) -> split
//	                              \-> waiting -> stage 2 (second) -> split
//	                                                            \-> free number, or unsplit
type wordPipeline struct {
	first, second machine
	lanes         [2]*mont.WordLanes // those of first and of second
	waiting       []assignment       // the numbers in the lanes of second, whose stage 1 is done
	last          *mont.WordMachine
}

// newWordPipeline returns an empty pipeline.
func newWordPipeline() *wordPipeline {
	w := &wordPipeline{lanes: [2]*mont.WordLanes{mont.NewWordLanes(), mont.NewWordLanes()}, last: newWord()}
	w.first, w.second = *newMachine(w.lanes[0]), *newMachine(w.lanes[1])
	w.waiting = make([]assignment, 0, len(w.second.owner))
	return w
}

// runWords runs one round on words. s.assignments are the begun numbers that are in no
// lane.
func (s *classRun) runWords(w *wordPipeline, check func() error, found func(int, Number, string)) error {
	w.waiting = w.waiting[:0]
	var pair [2]assignment
	for {
		if err := check(); err != nil {
			return err
		}
		count := 0
		for count < len(pair) && (len(s.assignments) > 0 || len(s.list) > 0) {
			pair[count] = s.next()
			count++
		}
		switch {
		// Two numbers are free: stage 1 of their next curves.
		case count == len(pair):
			s.stage1(w, &pair, found)
		// Fewer than two are free. Stage 2 of the waiting ones may free some of them.
		case len(w.waiting) > 0:
			s.assignments = append(s.assignments, pair[:count]...)
			s.stage2(w, found)
		// No number waits, and one is left.
		case count == 1:
			if err := s.runLast(w.last, pair[0], check, found); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// next takes a number: a begun one, or else the next one of the list. Requires that
// there is one.
func (s *classRun) next() assignment {
	if last := len(s.assignments) - 1; last >= 0 {
		j := s.assignments[last]
		s.assignments = s.assignments[:last]
		return j
	}
	j := assignment{at: s.list[0], curve: s.begin}
	s.list = s.list[1:]
	return j
}

// stage1 runs stage 1 of the next curves of two numbers. The numbers that it does not
// split wait until the lanes of stage 2 are full.
func (s *classRun) stage1(w *wordPipeline, pair *[2]assignment, found func(int, Number, string)) {
	p := s.program
	l := w.lanes[0]
	for lane, j := range pair {
		if w.first.owner[lane] != j.at {
			w.first.owner[lane] = j.at
			l.SetModulus(lane, s.ns[j.at])
		}
		num, den := sigma(s.seed, j.curve)
		l.Set(slotSigma, lane, Number{num})
		l.Set(slotSigmaDen, lane, Number{den})
	}
	l.Run(p.stages[0])
	l.Run(p.zGCD[:])
	for lane, j := range pair {
		switch d := l.Value(slotGCD, lane); d {
		case Number{1}:
			w.lanes[1].Take(len(w.waiting), l, lane, p.q)
			if w.waiting = append(w.waiting, j); len(w.waiting) == cap(w.waiting) {
				s.stage2(w, found)
			}
		case Number{}: // the gcd is n: stage 1 has found all prime factors
			s.endCurve(j)
		default:
			found(int(j.at), d, p.name)
		}
	}
}

// stage2 runs stage 2 of the waiting curves.
func (s *classRun) stage2(w *wordPipeline, found func(int, Number, string)) {
	w.second.program = s.program
	l := w.lanes[1]
	l.Run(s.program.point[:])
	l.Run(s.program.stages[1])
	l.Run(resultGCDs)
	for lane, j := range w.waiting {
		if d := w.second.divisor(lane, s.ns[j.at]); d != (Number{}) {
			found(int(j.at), d, s.program.name)
		} else {
			s.endCurve(j)
		}
	}
	w.waiting = w.waiting[:0]
}

// endCurve ends a curve that has found nothing: its number runs its next curve later,
// or is unsplit after the last.
func (s *classRun) endCurve(j assignment) {
	if j.curve++; j.curve < s.end {
		s.assignments = append(s.assignments, j)
	} else {
		s.unsplit = append(s.unsplit, j.at)
	}
}

// runLast runs all curves of the last number of a round, one after the other, on a
// machine of one lane.
func (s *classRun) runLast(w *mont.WordMachine, j assignment, check func() error, found func(int, Number, string)) error {
	n := s.ns[j.at]
	w.SetModulus(0, n)
	d, err := s.program.curves(w, n[0], s.seed, j.curve, s.end, check)
	if d != 0 {
		found(int(j.at), Number{d}, s.program.name)
	} else {
		s.unsplit = append(s.unsplit, j.at)
	}
	return err
}
