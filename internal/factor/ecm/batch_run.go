package ecm

import (
	"factorfleet/internal/factor/mont"
)

// A classRun is the work on the numbers of one class: its rounds one after the other,
// each for the numbers that the rounds before have not split. A round repeats
//
//	fill      numbers and lanes to assignments
//	load      moduli and parameters into the lanes
//	execute   the program of the round
//	collect   divisors; split numbers leave, the others continue with their next curves
//
// until no number is left. The caller of Batch.Split owns it.
type classRun struct {
	*machine
	ns          []Number
	list        []int32 // places in ns of the numbers not begun in this round
	unsplit     []int32 // numbers that this round has not split, in the memory of those that have left list
	seed        uint64
	begin, end  int           // numbers of the curves of this round
	assignments []assignment  // at most one for each lane
	pipeline    *wordPipeline // nil if machine has mont.Lanes
}

// runClass runs the rounds of c. A round has a program and a range of curves, begin to
// end-1. The rounds of a class number the curves consecutively, so that each curve of a
// number has its own sigma.
func (s *classRun) runClass(c *class, check func() error, found func(int, Number, string)) error {
	for l := range s.owner {
		s.owner[l] = -1
	}
	for _, r := range c.rounds {
		// The numbers that this round does not split take the memory of the list, whose
		// front they never overtake.
		s.program = programs[r.class]()
		s.begin, s.end = s.end, s.end+r.curves
		s.unsplit = s.list[:0]
		if err := s.run(check, found); err != nil {
			return err
		}
		s.list = s.unsplit
	}
	return nil
}

// run runs one round on a machine of many lanes. All lanes execute the same program.
// When a number is split, its lanes go to the next number; when no number is left, to
// further curves of the remaining ones.
func (s *classRun) run(check func() error, found func(int, Number, string)) error {
	if s.pipeline != nil {
		return s.runWords(s.pipeline, check, found)
	}
	for {
		s.fill()
		if len(s.assignments) == 0 {
			return nil
		}
		s.load()
		for _, code := range s.program.stages {
			if err := s.execute(code, check); err != nil {
				return err
			}
		}
		if s.lanes.HasGCDs() {
			s.lanes.Run(resultGCDs)
		}
		s.collect(found)
	}
}

// resultGCDs sets slotGCD to the gcd of the product of stage 2 and n, in all lanes.
var resultGCDs = []mont.Instruction{mont.GCDs(slotGCD, slotResult)}

// execute executes code in parts, with a call of check before each.
func (s *classRun) execute(code []mont.Instruction, check func() error) error {
	for len(code) > 0 {
		if err := check(); err != nil {
			return err
		}
		part := min(len(code), batchCheckEvery)
		s.lanes.Run(code[:part])
		code = code[part:]
	}
	return nil
}

// batchCheckEvery is the number of instructions between two calls of check, a tenth of
// a microsecond each.
const batchCheckEvery = 1000

// fill assigns the next numbers of the list while there are lanes, and divides the
// lanes equally among all assigned numbers, at most the remaining curves of each.
func (s *classRun) fill() {
	width := len(s.owner)
	for len(s.assignments) < width && len(s.list) > 0 {
		s.assignments = append(s.assignments, assignment{at: s.list[0], curve: s.begin})
		s.list = s.list[1:]
	}
	// Each number gets an equal part of the lanes that are left, rounded down.
	lane := 0
	for i := range s.assignments {
		j := &s.assignments[i]
		j.lane, j.count = lane, min((width-lane)/(len(s.assignments)-i), s.end-j.curve)
		lane += j.count
	}
}

// load gives each assigned lane the modulus of its number, if that has changed, and the
// parameter of its curve.
func (s *classRun) load() {
	for i := range s.assignments {
		j := &s.assignments[i]
		for k := range j.count {
			l := j.lane + k
			if s.owner[l] != j.at {
				s.owner[l] = j.at
				s.lanes.SetModulus(l, s.ns[j.at])
			}
			num, den := sigma(s.seed, j.curve+k)
			s.lanes.Set(slotSigma, l, Number{num})
			s.lanes.Set(slotSigmaDen, l, Number{den})
		}
	}
}

// collect takes the results of the lanes. Numbers that are split, or have no curve left
// in this round, lose their assignment. Of several curves of one number, the first that
// has found a divisor counts: so the result is the same as if the curves had run one
// after the other.
func (s *classRun) collect(found func(int, Number, string)) {
	// left reuses the memory of assignments, which it never overtakes.
	left := s.assignments[:0]
	for _, j := range s.assignments {
		n := s.ns[j.at]
		var d Number
		for k := 0; k < j.count && d == (Number{}); k++ {
			d = s.divisor(j.lane+k, n)
		}
		if j.curve += j.count; d != (Number{}) {
			found(int(j.at), d, s.program.name)
		} else if j.curve < s.end {
			left = append(left, j)
		} else {
			s.unsplit = append(s.unsplit, j.at)
		}
	}
	s.assignments = left
}

// An assignment is a number with the lanes that run its next curves.
type assignment struct {
	at    int32 // the place of the number in the list
	curve int   // the number of the next curve
	lane  int   // its first lane
	count int   // of its lanes, which run curve, curve+1, ...
}
