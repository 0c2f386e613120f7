package gf2

// A workMeter calls alive each time that enough work has been done. So inner loops need
// no clock, and the calls come at the same points on each machine. It belongs to the
// goroutine of the caller of Dependencies.
type workMeter struct {
	alive func() error
	work  int // since the last call
}

// workPerCall is the work between two calls of alive. The unit is the time to read an
// entry of a matrix. It is a few milliseconds.
const workPerCall = 1 << 20

// spend adds work, and calls alive if workPerCall is reached. It returns the error of
// alive.
func (p *workMeter) spend(work int) error {
	if p.work += work; p.work < workPerCall {
		return nil
	}
	p.work = 0
	return p.alive()
}
