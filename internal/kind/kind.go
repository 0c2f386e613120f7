// Package kind computes the answers of each kind of task. A kind takes numbers and
// returns answers. It knows nothing about queues: package worker decides what a failure
// means.
//
// # What is measured
//
// Each answer has the CPU time that its number took, in Factorization.CPU: that of the goroutine that computed it
// and of those that helped it. A goroutine is locked to its thread meanwhile. An answer that took a millisecond or
// more has its wall-clock time in Factorization.Wall. CPU times do not depend on what else the machine does. They are
// summed for users, who compare jobs and workers by them. One thing is decided by a time: an unfinished answer is
// refused if it took less than the budget of its number (verify.Unfinished). It never does here: the budget is
// measured by the same clock, within the time.
//
// A reading of the clock of the CPU time takes as long as an easy number, or longer. So a task is cut into parts
// that are read together. In a part of numbers below 2^64 that are factored one by one, groups are timed by the
// wall clock, and the CPU time of the part is divided in the same ratio. With n answers since the wall clock was read
// at t0, of which the last may be hard, from th on:
//
//	easy:  wall = (t - t0)/n               each; t is now
//	hard:  wall = (th - t0)/n + (t - th)   the last one, and (th - t0)/n for the others
//
// # Ticks
//
// The worker takes a computation without ticks for a hang, and expects one every 100 ms. The engine calls its Tick
// at the start of a number and in all of its loops. A prover uses the same. Each tick of the engine is also a
// check of the context, so that a Kind that ticks ends in time.
//
// # Campaigns
//
// Several workers may sieve one composite, or run curves on it. Package worker calls this package for both sides:
//
//	part.go    what tasks of parts have in common: when they publish and stop
//	sieve.go   a sieve task: coefficients for some seconds, relations as yields
//	ecm.go     a task of curves: groups for some seconds, evidence and a divisor as yields
//	base.go    factor bases, one for each number that the process sieves
//	hint.go    the worker that has the number: divisors and curves of others, relations that it shares
//
// # To add a kind
//
// To add a kind: 1) name it in package task, 2) implement worker.Kind in a file of its
// own here, 3) add it to AllOn, 4) check its answers in package verify.
package kind

import (
	"runtime"

	"factorfleet/internal/factor"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// All returns every kind by its name in package task. Each task uses one core.
func All() map[string]worker.Kind {
	kinds, _, _ := AllOn(1, 0)
	return kinds
}

// AllOn is All for a process that may use the given number of cores and bytes of memory, with
// what runs its tasks of parts, by kind. A number that takes long borrows the cores and the memory that no
// other task uses. pool counts them; kinds of other packages enter it while they use a core. 0 cores means GOMAXPROCS,
// 0 bytes no limit.
func AllOn(cores int, memory uint64) (kinds map[string]worker.Kind, parts map[string]worker.PartKind, pool *factor.Pool) {
	if most := runtime.GOMAXPROCS(0); cores <= 0 || cores > most {
		cores = most
	}
	pool = factor.NewPool(cores, memory)
	kinds = map[string]worker.Kind{
		task.KindFactor: withWaits(&factorKind{pool: pool}),
		task.KindSquare: squareKind{pool},
	}
	parts = map[string]worker.PartKind{
		task.KindSieve: newSiever(pool),
		task.KindECM:   &curveKind{pool: pool},
	}
	return kinds, parts, pool
}
