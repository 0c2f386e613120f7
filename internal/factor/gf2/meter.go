package gf2

// A workMeter asks alive once in a while.
type workMeter struct {
	alive func() error
	work  int
}

// workPerCall is the work between two questions, in entries of a matrix read: a few
// milliseconds.
const workPerCall = 1 << 20

// spend counts work and returns the error of alive.
func (p *workMeter) spend(work int) error {
	if p.work += work; p.work < workPerCall {
		return nil
	}
	p.work = 0
	return p.alive()
}
