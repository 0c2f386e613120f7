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
// it, because orders are not stored. A supervisor removes a durable that was not used for an hour (routes_remove.go).

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

// isGone reports whether err says that the durable of a class with a route does not exist: it was removed a moment ago.
func isGone(class task.Class, err error) bool {
	return class.Route() != "" && errors.Is(err, jetstream.ErrConsumerNotFound)
}

// isBlind reports whether the login of a connection certainly does not permit to list durables. A server refuses such a
// request without an answer, and the refusal ends the session of a program.
func isBlind(nc *nats.Conn) bool {
	publish := publishOf(nc)
	return len(publish) > 0 && !schema.SeesRoutes(publish)
}

// publishOf returns the subjects to which the login of a connection permits to publish, with wildcards; none if that is
// not known here, or not restricted.
func publishOf(nc *nats.Conn) []string {
	if nc.Opts.UserJWT == nil {
		return nil
	}
	token, err := nc.Opts.UserJWT()
	parts := strings.Split(token, ".")
	if err != nil || len(parts) != 3 {
		return nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		NATS struct {
			Pub struct {
				Allow []string `json:"allow"`
			} `json:"pub"`
		} `json:"nats"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return nil
	}
	return claims.NATS.Pub.Allow
}
