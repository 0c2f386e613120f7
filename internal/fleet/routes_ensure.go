package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/natsconn"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// errBlind says that credentials of an earlier version do not permit to create the durable of a route. The server would
// refuse it without an answer.
var errBlind = natsconn.Errorf(natsconn.ErrConnect, "these credentials are of an earlier version, and do not permit jobs for workers with labels or commands: run `embedded keys renew`, and use the new ones")

// ensuredAge is for how long a durable that was seen or created is taken for existing by EnsureRoute.
const ensuredAge = 10 * time.Second

// EnsureRoute creates the durable of a class unless it exists, with the settings of that of priority norm, and tells the
// workers. It does nothing for a class without a route.
func (f *Fleet) EnsureRoute(ctx context.Context, class task.Class) error {
	if class.Route() == "" {
		return nil
	}
	f.routes.mu.Lock()
	known := time.Since(f.routes.ensured[class]) < ensuredAge
	f.routes.mu.Unlock()
	if known {
		return nil
	}
	var created bool
	err := f.link.Retry(ctx, func() (err error) { created, err = f.createRoute(ctx, class); return err })
	if err != nil {
		return fmt.Errorf("create durable %s: %w", schema.Durable(class), stream.Explain(err))
	}
	f.routes.mu.Lock()
	f.routes.ensured[class] = time.Now()
	if created {
		f.routes.at = time.Time{}
	}
	f.routes.mu.Unlock()
	if created {
		return f.announceRoutes([]task.Class{class})
	}
	return nil
}

// PermitsRoute returns an error if the credentials are of an earlier version, so that EnsureRoute would fail for the class.
func (f *Fleet) PermitsRoute(ctx context.Context, class task.Class) error {
	if !f.routes.blind {
		return nil
	}
	return f.EnsureRoute(ctx, class) // it may exist
}

// EnsureRoutes is EnsureRoute for those of the classes that are not listed.
func (f *Fleet) EnsureRoutes(ctx context.Context, classes []task.Class) error {
	if len(classes) == 0 {
		return nil
	}
	listed, err := f.Classes(ctx)
	if err != nil {
		return err
	}
	for _, class := range classes {
		if !slices.Contains(listed, class) && !f.routes.blind {
			f.forgetRoute(class)
			if err := f.EnsureRoute(ctx, class); err != nil {
				return err
			}
		}
	}
	return nil
}

// forgetRoute has the next EnsureRoute look at the durable.
func (f *Fleet) forgetRoute(class task.Class) {
	f.routes.mu.Lock()
	defer f.routes.mu.Unlock()
	delete(f.routes.ensured, class)
	f.routes.at = time.Time{}
}

// createRoute creates the durable of a class unless it exists.
func (f *Fleet) createRoute(ctx context.Context, class task.Class) (created bool, err error) {
	_, err = f.tasks.Consumer(ctx, schema.Durable(class))
	if err == nil || !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return false, err
	}
	if f.routes.blind {
		return false, errBlind
	}
	norm, err := f.durable(ctx, task.ClassNorm)
	if err != nil {
		return false, err
	}
	w := wantedDurable{stream: schema.StreamTasks, config: consumerConfig(schema.ClassDurable(class, norm.Config.AckWait))}
	if err := w.create(ctx, f.link.JS); errors.Is(err, jetstream.ErrConsumerExists) { // another process was faster
		return false, nil
	} else if err != nil {
		return false, err
	}
	return true, nil
}

// announceRoutes sends the order that names classes.
func (f *Fleet) announceRoutes(classes []task.Class) error {
	m := order(schema.RoutesOrder)
	m.Data = task.EncodeClasses(classes)
	if err := f.link.NC.PublishMsg(m); err != nil {
		return fmt.Errorf("tell the workers: %w", stream.Explain(err))
	}
	return nil
}
