// Package kind holds what a worker does with a task of each kind: numbers in,
// answers out. A kind knows nothing of queues; what a failure means is the
// worker's business.
//
// To add a kind: 1) name it in package task, 2) write a type with the method of
// worker.Kind in a file of its own here, 3) enter it in All, 4) have package
// verify check its answers.
package kind

import (
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// All returns every built-in kind by its name in package task.
func All() map[string]worker.Kind {
	return map[string]worker.Kind{
		task.KindFactor: new(Factor),
		task.KindSquare: Square{},
	}
}
