package ecm

import (
	"factorfleet/internal/factor/mont"
)

// A classRun is the work on the numbers of one class, round by round.
type classRun struct {
	*machine
	ns          []Number
	list        []int32 // of ns, those not begun in this round
	unsplit     []int32 // those that this round has not split; at most as many as have left list, and in its memory
	seed        uint64
	begin, end  int           // the curves of this round
	assignments []assignment  // at most one a lane
	pipeline    *wordPipeline // of machine, nil if it is mont.Lanes
}

func (s *classRun) runClass(c *class, check func() error, found func(int, Number, string)) error {
	for l := range s.owner {
		s.owner[l] = -1
	}
	for _, r := range c.rounds {
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

// run does one round.
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

var resultGCDs = []mont.Instruction{mont.GCDs(slotGCD, slotResult)}

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

// batchCheckEvery is the number of instructions between two calls of check, a tenth
// of a microsecond each.
const batchCheckEvery = 1000

// fill takes numbers while there are lanes, and shares the lanes out.
func (s *classRun) fill() {
	width := len(s.owner)
	for len(s.assignments) < width && len(s.list) > 0 {
		s.assignments = append(s.assignments, assignment{at: s.list[0], curve: s.begin})
		s.list = s.list[1:]
	}
	lane := 0
	for i := range s.assignments {
		j := &s.assignments[i]
		j.lane, j.count = lane, min((width-lane)/(len(s.assignments)-i), s.end-j.curve)
		lane += j.count
	}
}

// load sets the lanes to the next curves of the assignments: one of each number, and more if
// there are lanes to spare.
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

// collect ends the assignments that are done. Of several curves of one number the first
// counts that has found something, as if they had been run one after the other.
func (s *classRun) collect(found func(int, Number, string)) {
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

// A assignment is a number that is being worked on.
type assignment struct {
	at    int32 // in the list
	curve int   // the next
	lane  int   // the first of its lanes
	count int   // of its lanes
}
