package gf2

// A pulse asks alive once in a while.
type pulse struct {
	alive func() error
	work  int
}

// pulseEvery is the work between two questions, in entries of a matrix read: a few
// milliseconds.
const pulseEvery = 1 << 20

// spend counts work and returns the error of alive.
func (p *pulse) spend(work int) error {
	if p.work += work; p.work < pulseEvery {
		return nil
	}
	p.work = 0
	return p.alive()
}
