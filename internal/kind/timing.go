package kind

import (
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// timedTogether is the number of easy numbers that share the wall-clock time that they take together. Reading that
// clock twice takes as long as an easy number, so this reduces its cost to 1/16. It is small, so that the times of a
// list of mixed numbers still tell which ones took long.
const timedTogether = 16

// leastWall is the least wall-clock time that an answer states. Without the times of all the easy numbers a result
// is a tenth shorter.
const leastWall = time.Millisecond

// A task needs two readings of the clock of the CPU time, of up to a microsecond each: 2 % of all that a task of one
// small number costs. So it is not read for a task of at most fewSmall numbers below 2^64.
// Their wall-clock time stands for their CPU time, up to mostSmall for each: the hardest of them takes less, and a thread
// that loses its processor waits longer.
const (
	fewSmall  = 16
	mostSmall = 250 * time.Microsecond
)

// shortTask returns the most CPU time of numbers whose CPU time is not measured, or 0 if it is.
func shortTask(numbers []nat.Nat) time.Duration {
	if len(numbers) > fewSmall {
		return 0
	}
	for _, n := range numbers {
		if _, ok := n.Word(); !ok {
			return 0
		}
	}
	return time.Duration(len(numbers)) * mostSmall
}

// A duration is the time of a part of a task by both clocks.
type duration struct{ cpu, wall time.Duration }

// read reads both clocks, and returns the time since the last call, or since the start of the task.
func (r *runner) read() duration {
	if r.mostCPU > 0 {
		passed := time.Since(r.wall)
		r.wall = r.wall.Add(passed)
		return duration{min(passed, r.mostCPU), passed}
	}
	cpu, wall := r.meter.Read(), time.Now()
	d := duration{cpu - r.cpu, wall.Sub(r.wall)}
	r.cpu, r.wall = cpu, wall
	return d
}

// share gives each of answers an equal part of t as its CPU time.
func share(answers []task.Factorization, t time.Duration) {
	for i := range answers {
		answers[i].CPU = t / time.Duration(len(answers))
	}
}

// shareRest gives the answers that have no time yet equal parts of what the others leave of d.
func shareRest(answers []task.Factorization, d duration) {
	count := time.Duration(0)
	for i := range answers {
		if answers[i].CPU == 0 {
			count++
		}
		d.cpu -= answers[i].CPU
		d.wall -= answers[i].Wall
	}
	for i := range answers {
		if a := &answers[i]; a.CPU == 0 {
			a.CPU = max(d.cpu, 0) / count
			setWall(a, d.wall/count)
		}
	}
}

// toCPU turns the times of answers, which are wall-clock times and d.wall in all, into CPU times, which are d.cpu in
// all: CPU = wall * d.cpu/d.wall. It leaves times that differ by less than 1/64.
func toCPU(answers []task.Factorization, d duration) {
	scale := float64(d.cpu) / float64(max(d.wall, 1))
	same := d.cpu > d.wall-d.wall/64
	if same && d.wall < leastWall {
		return
	}
	for i := range answers {
		a := &answers[i]
		setWall(a, a.CPU)
		if !same {
			a.CPU = time.Duration(scale * float64(a.CPU))
		}
	}
}

// setWall states the wall-clock time of an answer, if it is not too short.
func setWall(a *task.Factorization, wall time.Duration) {
	if wall >= leastWall {
		a.Wall = wall
	}
}
