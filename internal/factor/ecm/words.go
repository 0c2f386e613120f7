package ecm

import "factorfleet/internal/factor/mont"

// A wordPipeline is the work on words in two pairs of lanes, one for stage 1 and one for stage 2, so that a
// number that stage 1 splits leaves its lane to another one: more than a third of the first curves of random
// numbers are such, and a fifth of those of semiprimes of 40 bits. Each number has one curve at a time.
type wordPipeline struct {
	first, second machine
	lanes         [2]*mont.WordLanes // of first and second
	waiting       []assignment       // in the lanes of second
	last          *mont.WordMachine
}

func newWordPipeline() *wordPipeline {
	w := &wordPipeline{lanes: [2]*mont.WordLanes{mont.NewWordLanes(), mont.NewWordLanes()}, last: newWord()}
	w.first, w.second = *newMachine(w.lanes[0]), *newMachine(w.lanes[1])
	w.waiting = make([]assignment, 0, len(w.second.owner))
	return w
}

// runWords does one round of words. s.assignments are those that no lane has.
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
		case count == len(pair):
			s.stage1(w, &pair, found)
		case len(w.waiting) > 0: // it may come back
			s.assignments = append(s.assignments, pair[:count]...)
			s.stage2(w, found)
		case count == 1:
			if err := s.runLast(w.last, pair[0], check, found); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// next takes a job: one begun before, or that of the next number.
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

// stage1 does stage 1 of the next curves of two numbers. Those that it does not split wait until there
// are two for stage 2.
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
		case Number{}: // n
			s.endCurve(j)
		default:
			found(int(j.at), d, p.name)
		}
	}
}

// stage2 does stage 2 of the curves that wait for it.
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

// endCurve ends a curve without success.
func (s *classRun) endCurve(j assignment) {
	if j.curve++; j.curve < s.end {
		s.assignments = append(s.assignments, j)
	} else {
		s.unsplit = append(s.unsplit, j.at)
	}
}

// runLast does the curves of the last number.
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
