package fleet

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A class with a route has a durable of its own while it is in use: task.Class has the names. Whoever queues tasks of the
// class creates the durable before. Without it the tasks stay in FACTOR_TASKS, and are delivered once it exists. So a
// durable that is missing costs time only:
//
//	who                     when
//	queueRanges, submit     before the first task of the class
//	supervisors             once in each look at the active jobs (EnsureRoutes)
//	reviews of the holder   in each review of a job with a route
//
// The order schema.RoutesOrder names all of them. Whoever creates a durable sends it, and each process that sweeps repeats
// it, because orders are not stored. A supervisor removes a durable that is not used for routeIdle (routes_remove.go).

// routesAge is for how long the list of the classes that have a durable may be used.
const routesAge = time.Second

// routes is what this process knows of the classes that have a durable.
type routes struct {
	blind bool // the credentials do not permit to list durables; set by Open

	mu      sync.Mutex // guards all below
	listed  []task.Class
	depth   uint64    // of FACTOR_TASKS
	at      time.Time // when both were seen; zero = never
	ensured map[task.Class]time.Time
	warned  bool
}

// Classes returns the classes that have a durable, the most urgent first: the priorities, and behind each its classes with
// a route, by name. It costs one small request, and another one if there are routes; an answer that is younger than
// routesAge is used again. With credentials of an earlier version it returns the priorities only.
func (f *Fleet) Classes(ctx context.Context) ([]task.Class, error) {
	classes, _, err := f.classesAndDepth(ctx)
	return classes, err
}

// classesAndDepth is Classes, and also returns how many tasks FACTOR_TASKS holds.
func (f *Fleet) classesAndDepth(ctx context.Context) (_ []task.Class, depth uint64, _ error) {
	r := &f.routes
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.at) < routesAge {
		return r.listed, r.depth, nil
	}
	info, err := f.tasks.Info(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("look at stream %s: %w", schema.StreamTasks, stream.Explain(err))
	}
	classes := task.Classes
	if info.State.Consumers > len(task.Classes) {
		if r.blind {
			f.warnBlindLocked()
		} else if classes, err = listClasses(ctx, f.tasks); err != nil {
			return nil, 0, err
		}
	}
	r.listed, r.depth, r.at = classes, info.State.Msgs, time.Now()
	return classes, r.depth, nil
}

// warnBlindLocked says once what credentials of an earlier version cannot do.
func (f *Fleet) warnBlindLocked() {
	if !f.routes.warned {
		f.routes.warned = true
		f.link.Log.Warn().Msg("there are tasks for workers with labels, which these credentials of an earlier version do not show: " +
			"this process looks after the others only; run `embedded keys renew` and give it the new credentials")
	}
}

// listClasses lists the durables of FACTOR_TASKS. Of a class that is missing although it is a priority, the caller learns
// when it looks at it.
func listClasses(ctx context.Context, tasks jetstream.Stream) ([]task.Class, error) {
	routed := make(map[task.Class][]task.Class)
	names := tasks.ConsumerNames(ctx)
	for name := range names.Name() {
		if class, ok := schema.DurableClass(name); ok && class.Route() != "" {
			routed[class.Priority()] = append(routed[class.Priority()], class)
		}
	}
	if err := names.Err(); err != nil {
		return nil, fmt.Errorf("list the durables of %s: %w", schema.StreamTasks, stream.Explain(err))
	}
	var list []task.Class
	for _, priority := range task.Classes {
		slices.Sort(routed[priority])
		list = append(append(list, priority), routed[priority]...)
	}
	return list, nil
}

// withRoute returns the classes of a list that have a route.
func withRoute(classes []task.Class) []task.Class {
	return slices.DeleteFunc(slices.Clone(classes), func(c task.Class) bool { return c.Route() == "" })
}

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

// isGone reports whether err says that the durable of a class with a route does not exist: it was removed a moment ago.
func isGone(class task.Class, err error) bool {
	return class.Route() != "" && errors.Is(err, jetstream.ErrConsumerNotFound)
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

// isBlind reports whether the login of a connection certainly does not permit to list durables. A server refuses such a
// request without an answer, and the refusal ends the session of a program.
func isBlind(nc *nats.Conn) bool {
	if nc.Opts.UserJWT == nil {
		return false
	}
	token, err := nc.Opts.UserJWT()
	parts := strings.Split(token, ".")
	if err != nil || len(parts) != 3 {
		return false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		NATS struct {
			Pub struct {
				Allow []string `json:"allow"`
			} `json:"pub"`
		} `json:"nats"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil || len(claims.NATS.Pub.Allow) == 0 {
		return false
	}
	return !schema.SeesRoutes(claims.NATS.Pub.Allow)
}
