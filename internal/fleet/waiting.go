package fleet

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/task"
)

// A waitingWatch warns of pull requests that the living workers cannot have sent. A worker has one request
// that waits. A hostile worker may have thousands, and then takes most of the tasks without an answer for
// any: a durable serves the requests that wait in turn, and the server has no limit for one user.
//
// Which worker it is cannot be read from the server. The goroutine of the probe owns all fields.
type waitingWatch struct {
	f      *Fleet
	many   map[task.Class]bool // the last look found too many requests
	warned time.Time
}

const (
	// fewWaiting pull requests are not worth a listing of the workers, and are allowed beyond those of the
	// workers in the registry, for workers that have just left it or have not joined it yet.
	fewWaiting = 16

	waitingWarning = 10 * time.Minute // between two warnings
)

func newWaitingWatch(f *Fleet) *waitingWatch {
	return &waitingWatch{f: f, many: make(map[task.Class]bool)}
}

// look warns, once in waitingWarning, if two looks in a row found more requests at the durable of a class than
// twice the processes of all workers. info is the state of the durable.
func (w *waitingWatch) look(ctx context.Context, class task.Class, info *jetstream.ConsumerInfo) error {
	before := w.many[class]
	w.many[class] = false
	if info.NumWaiting <= fewWaiting {
		return nil
	}
	workers, err := w.f.Workers(ctx)
	if err != nil || info.NumWaiting <= fewWaiting+2*len(workers) {
		return err
	}
	w.many[class] = true
	if !before || !w.warned.IsZero() && time.Since(w.warned) < waitingWarning {
		return nil
	}
	w.warned = time.Now()
	w.f.link.Log.Warn().Msgf("%d pull requests wait at durable %s, but only %d worker processes are alive and have one each: "+
		"a worker holds requests back and takes most of the tasks; revoke its keys with `embedded keys revoke`", info.NumWaiting, info.Name, len(workers))
	return nil
}
