package ecm

import (
	"factorfleet/internal/factor/mont"
)

// takePoint takes a free slot of a point. The pool has six, which is enough for every
// rule.
func (c *compiler) takePoint() int {
	p := c.pool[len(c.pool)-1]
	c.pool = c.pool[:len(c.pool)-1]
	return p
}

// setTrack makes a, b and diff the points A, B and C of the chain. It frees the slots
// of the points before, and the temporary ones, unless they are among a, b and diff.
// Invariant: the slots of A, B and C and the free ones are the slot that the stage
// began with and those of the pool, each once.
func (c *compiler) setTrack(a, b, diff int, temporary ...int) {
	old := c.track
	c.track = [3]int{a, b, diff}
	// free puts the slot s back, unless it is in use or free already: A, B and C may
	// share a slot.
	free := func(s int) {
		if s == a || s == b || s == diff {
			return
		}
		for _, f := range c.pool {
			if f == s {
				return
			}
		}
		c.pool = append(c.pool, s)
	}
	for _, s := range old {
		free(s)
	}
	for _, s := range temporary {
		free(s)
	}
}

// add emits p+q, given diff = p-q, and returns its slot.
func (c *compiler) add(p, q, diff int) int {
	dst := c.takePoint()
	c.emit(mont.PointAdd(dst, p, q, diff))
	return dst
}

// double emits 2p and returns its slot.
func (c *compiler) double(p int) int {
	dst := c.takePoint()
	c.emit(mont.PointDouble(dst, p))
	return dst
}

func (c *compiler) start() {
	p := c.track[0]
	c.setTrack(c.double(p), p, p)
}

func (c *compiler) swap() { c.track[0], c.track[1] = c.track[1], c.track[0] }

func (c *compiler) finish() {
	t := c.track
	p := c.add(t[0], t[1], t[2])
	c.setTrack(p, p, p)
}

// rule emits the points for the rule number i of shrink. Each case says what A and B
// become; C is their difference.
func (c *compiler) rule(i int) {
	a, b, d := c.track[0], c.track[1], c.track[2]
	switch i {
	case 1: // 2A+B, A+2B
		t := c.add(a, b, d)
		c.setTrack(c.add(t, a, b), c.add(t, b, a), d, t)
	case 2: // 2A, A+B
		t := c.add(a, b, d)
		c.setTrack(c.double(a), t, d)
	case 3: // A, A+B
		c.setTrack(a, c.add(a, b, d), b)
	case 5: // 2A, B
		t := c.add(a, d, b)
		c.setTrack(c.double(a), b, t)
	case 6: // 3A, 3A+B
		t, s := c.double(a), c.add(a, b, d)
		c.setTrack(c.add(t, a, a), c.add(t, s, d), b, t, s)
	case 7: // 3A, 2A+B
		t, s := c.double(a), c.add(a, b, d)
		c.setTrack(c.add(t, a, a), c.add(s, a, b), d, t, s)
	case 8: // 3A, A+B
		t, s, r := c.double(a), c.add(a, b, d), c.add(a, d, b)
		c.setTrack(c.add(t, a, a), s, r, t)
	case 9: // A, 2B
		t := c.add(d, b, a)
		c.setTrack(a, c.double(b), t)
	}
}
