// Package kind computes the answers of each kind of task. A kind takes numbers and
// returns answers. It knows nothing about queues: package worker decides what a failure
// means.
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
func All() map[string]worker.Kind { return AllOn(1, 0) }

// AllOn is All for a process that may use the given number of cores and bytes of memory. A number
// that takes long borrows the cores and the memory that no other task uses. 0 cores means
// GOMAXPROCS, 0 bytes no limit.
func AllOn(cores int, memory uint64) map[string]worker.Kind {
	if most := runtime.GOMAXPROCS(0); cores <= 0 || cores > most {
		cores = most
	}
	pool := factor.NewPool(cores, memory)
	return map[string]worker.Kind{
		task.KindFactor: withWaits(&factorKind{pool: pool}),
		task.KindSquare: squareKind{pool},
	}
}
