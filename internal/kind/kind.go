// Package kind holds what a worker does with a task of each kind: numbers in,
// answers out. A kind knows nothing of queues; what a failure means is the
// worker's business.
//
// To add a kind: 1) name it in package task, 2) write a type with the method of
// worker.Kind in a file of its own here, 3) enter it in All, 4) have package
// verify check its answers.
package kind

import (
	"runtime"

	"factorfleet/internal/factor"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// All returns every built-in kind by its name in package task. Each task has one core.
func All() map[string]worker.Kind { return AllOn(1, 0) }

// AllOn works like All for a process that computes on so many cores and with so many bytes of memory:
// what is idle of both is lent to a number that takes long. 0 cores is as many as there are, 0
// bytes no limit.
func AllOn(cores int, memory uint64) map[string]worker.Kind {
	if most := runtime.GOMAXPROCS(0); cores <= 0 || cores > most {
		cores = most
	}
	pool := factor.NewPool(cores, memory)
	return map[string]worker.Kind{
		task.KindFactor: forTests(&Factor{pool: pool}),
		task.KindSquare: Square{pool},
	}
}
