package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A RoutePace says when a supervisor removes durables of routes.
type RoutePace struct {
	Look time.Duration // between two looks
	Idle time.Duration // for which a class must have had no active job and no task
}

// NormalRoutePace is that of the programs.
var NormalRoutePace = RoutePace{Look: 5 * time.Minute, Idle: time.Hour}

// RemoveRoutes removes the durables of routes that are not used, until ctx ends. Each supervisor runs it. Without routes a
// look is one small request.
//
// A job may be submitted at the moment in which a durable is removed. Its tasks stay in the queue, and the durable is
// created again by the next look of a supervisor or review of a holder.
func (f *Fleet) RemoveRoutes(ctx context.Context, pace RoutePace) {
	unused := make(map[task.Class]time.Time) // since when
	for stream.Sleep(ctx, pace.Look) == nil {
		if err := f.removeRoutes(ctx, unused, pace.Idle); err != nil && ctx.Err() == nil {
			f.link.Log.Debug().Err(err).Msg("cannot remove durables that are not used, retrying")
		}
	}
}

// removeRoutes is one look. unused has the classes that were not used at the look before.
func (f *Fleet) removeRoutes(ctx context.Context, unused map[task.Class]time.Time, idle time.Duration) error {
	classes, err := f.Classes(ctx)
	if err != nil || len(withRoute(classes)) == 0 {
		clear(unused)
		return err
	}
	active, err := f.activeClasses(ctx)
	if err != nil {
		return err
	}
	listed := make(map[task.Class]bool)
	for _, class := range withRoute(classes) {
		listed[class] = true
		used, err := f.isUsed(ctx, class, active)
		switch since, known := unused[class]; {
		case err != nil:
			return err
		case used:
			delete(unused, class)
		case !known:
			unused[class] = time.Now()
		case time.Since(since) >= idle:
			if err := f.removeRoute(ctx, class); err != nil {
				return err
			}
			delete(unused, class)
		}
	}
	for class := range unused {
		if !listed[class] {
			delete(unused, class)
		}
	}
	return nil
}

// activeClasses returns the classes of the jobs that have not ended.
func (f *Fleet) activeClasses(ctx context.Context) (map[task.Class]bool, error) {
	jobs, err := f.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	active := make(map[task.Class]bool)
	for _, j := range jobs {
		if !j.Finished() {
			active[j.Queue()] = true
		}
	}
	return active, nil
}

// isUsed reports whether a job of the class is active, or a task of it is in the queue.
func (f *Fleet) isUsed(ctx context.Context, class task.Class, active map[task.Class]bool) (bool, error) {
	if active[class] {
		return true, nil
	}
	info, err := f.durable(ctx, class)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return false, nil
	}
	if err != nil || info.NumPending > 0 || info.NumAckPending > 0 {
		return true, err
	}
	return f.hasTasks(ctx, class)
}

// hasTasks reports whether FACTOR_TASKS has a message of the class: one whose deliveries are exhausted is counted nowhere.
func (f *Fleet) hasTasks(ctx context.Context, class task.Class) (bool, error) {
	_, err := f.tasks.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(schema.TasksPrefix+string(class)+".>"))
	if stream.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for tasks of class %s: %w", class, stream.Explain(err))
	}
	return true, nil
}

// removeRoute removes the durable of a class. That it does not exist is no error.
func (f *Fleet) removeRoute(ctx context.Context, class task.Class) error {
	err := f.tasks.DeleteConsumer(ctx, schema.Durable(class))
	f.forgetRoute(class)
	if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return fmt.Errorf("remove durable %s: %w", schema.Durable(class), stream.Explain(err))
	}
	f.link.Log.Info().Str("priority", string(class)).Msg("removed the durable of a route that no job uses")
	return nil
}
