package prime

import (
	"math/bits"

	"factorfleet/internal/factor/mont"
)

// A pipe makes the strong test when its lanes are full of candidates. Those that pass
// fill the lanes of the Lucas test, which is made when these are full. So both kernels
// run with full lanes, although few candidates are left for the second.
type pipe struct {
	strong, lucas lanes
	few           int // up to so many words are tested one by one, as most lanes would be empty
}

// lanes are the numbers in the lanes of one test.
type lanes struct {
	p     mont.Powers         // the kernel, with its own copy of what it needs
	count int                 // lanes in use
	mods  []mont.PowerModulus // of each lane in use
	index []int               // out[index[l]] is the answer of lane l
}

// newPipe returns an empty pipe of that kind.
func newPipe(kind mont.PowerKind) *pipe {
	return &pipe{newLanes(kind), newLanes(kind), kind.Few}
}

// newLanes returns empty lanes of that kind.
func newLanes(kind mont.PowerKind) lanes {
	p := kind.New()
	return lanes{p, 0, make([]mont.PowerModulus, p.Width()), make([]int, p.Width())}
}

// add puts a candidate into the next free lane. out is set for it now or in a later
// call, at the latest by flush.
func (q *pipe) add(c *candidate, out []bool) {
	l := &q.strong
	m := &l.mods[l.count]
	l.p.Prepare(m, c.n)
	l.p.SetStrong(l.count, m)
	l.index[l.count] = c.i
	if l.count++; l.count == len(l.index) {
		q.testStrong(out)
	}
}

// flush sets out for all candidates that are still in lanes.
func (q *pipe) flush(out []bool) {
	if !q.strong.testSingly(q.few, out) {
		q.testStrong(out)
	}
	if !q.lucas.testSingly(q.few, out) {
		q.testLucas(out)
	}
}

// testSingly tests the numbers one by one and reports true, if there are few and all of
// them are words.
func (l *lanes) testSingly(few int, out []bool) bool {
	if l.count > few {
		return false
	}
	for i := range l.count {
		if l.mods[i].N[1] != 0 {
			return false
		}
	}
	for i := range l.count {
		out[l.index[i]] = baillie(l.mods[i].N[0])
	}
	l.count = 0
	return true
}

// testStrong makes the strong test of all candidates. Those that fail are composite;
// the others go to addLucas.
func (q *pipe) testStrong(out []bool) {
	l := &q.strong
	if l.count == 0 {
		return
	}
	mask := l.p.Strong(l.count)
	for i := range l.count {
		out[l.index[i]] = false
	}
	l.count = 0
	for ; mask != 0; mask &= mask - 1 {
		i := bits.TrailingZeros32(mask)
		q.addLucas(&l.mods[i], l.index[i], out)
	}
}

// addLucas puts a number that has passed the strong test into the next free lane of the
// Lucas test. If lucasP finds that it is composite, out stays false.
func (q *pipe) addLucas(m *mont.PowerModulus, index int, out []bool) {
	var param uint64
	if m.N[1] == 0 {
		param = lucasP(m.N[0])
	} else {
		param = lucasPWide(m.N)
	}
	if param == 0 {
		return
	}
	l := &q.lucas
	l.p.SetLucas(l.count, m, param)
	l.mods[l.count], l.index[l.count] = *m, index
	if l.count++; l.count == len(l.index) {
		q.testLucas(out)
	}
}

// testLucas makes the Lucas test of all numbers in its lanes and sets out.
func (q *pipe) testLucas(out []bool) {
	l := &q.lucas
	if l.count == 0 {
		return
	}
	mask := l.p.Lucas(l.count)
	for i := range l.count {
		out[l.index[i]] = mask>>i&1 == 1
	}
	l.count = 0
}
