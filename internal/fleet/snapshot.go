package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A Snapshot is what a server shows of itself and of the streams of a fleet. Findings says what is wrong with it.
type Snapshot struct {
	Version    string // of the server to which this process is connected; "" = unknown
	Cluster    string // name of its cluster; "" = it is alone
	MaxPayload int64  // bytes of a message; 0 = unknown
	Account    *jetstream.AccountInfo

	// What was looked at, by name; nil = it does not exist. A bucket is under the name of its stream.
	Streams  map[string]*jetstream.StreamInfo
	Durables map[string]*jetstream.ConsumerInfo

	// Foreign has the streams of others that take a subject of a missing stream, by that stream.
	Foreign map[string][]ForeignStream
}

// A ForeignStream is no stream of the fleet, but takes subjects of one.
type ForeignStream struct {
	Name     string
	Subjects []string
}

// serverOf returns what a connection shows without a request.
func serverOf(nc *nats.Conn) Snapshot {
	return Snapshot{Version: nc.ConnectedServerVersion(), MaxPayload: nc.MaxPayload(), Cluster: nc.ConnectedClusterName()}
}

// CheckServer returns an error that wraps natsconn.ErrConnect if the server of a connection cannot have a fleet: its
// version, or the longest message that it accepts. It sends no request.
func CheckServer(nc *nats.Conn) error {
	return obstacle(ServerFindings(serverOf(nc)), []FindingKind{Unfit})
}

// Stored returns how many bytes the streams of the fleet have in the store of one server.
func (s Snapshot) Stored() (bytes uint64) {
	for _, info := range s.Streams {
		if info != nil {
			bytes += info.State.Bytes
		}
	}
	return bytes
}

// Limits returns how many bytes and streams the account may store, and how many streams it has; -1 = without a limit, or
// unknown.
func (s Snapshot) Limits(replicas int) (store int64, maxStreams, streams int) {
	if s.Account == nil {
		return -1, -1, -1
	}
	usage := s.usage(replicas)
	store, maxStreams = usage.Limits.MaxStore, usage.Limits.MaxStreams
	if maxStreams <= 0 {
		maxStreams = -1
	}
	return store, maxStreams, usage.Streams
}

// usage returns what the account uses and may use: that of the tier for so many replicas if it has tiers.
func (s Snapshot) usage(replicas int) jetstream.Tier {
	if tier, ok := s.Account.Tiers[fmt.Sprintf("R%d", replicas)]; ok {
		return tier
	}
	return s.Account.Tier
}

// Replicas returns the most replicas that a stream of the fleet has; 0 = there is no stream.
func (s Snapshot) Replicas() (most int) {
	for _, info := range s.Streams {
		if info != nil {
			most = max(most, info.Config.Replicas)
		}
	}
	return most
}

// Inspect looks at the server and at all streams and durables. It waits for a cluster that elects a leader. An error
// means that they could not be looked at; that some do not exist is none. complete: also look at the limits of the
// account and for foreign streams. That needs permissions which a producer lacks.
//
// It starts a goroutine that ends when the connection is closed.
func Inspect(ctx context.Context, js jetstream.JetStream, complete bool) (Snapshot, error) {
	return inspect(ctx, stream.New(js.Conn(), js, stream.Options{}), complete)
}

// inspect sends its requests at the same time.
func inspect(ctx context.Context, l *stream.Link, complete bool) (Snapshot, error) {
	s := serverOf(l.NC)
	var requests []func() error
	look := func(what string, request func() error) {
		requests = append(requests, func() error {
			if err := l.RetryStart(ctx, request); err != nil {
				return fmt.Errorf("look at %s: %w", what, stream.Explain(err))
			}
			return nil
		})
	}
	if complete {
		look("the account", func() (err error) { s.Account, err = l.JS.AccountInfo(ctx); return err })
	}
	streams, durables := wantedStreams(Provision{}), schema.Durables(0)
	streamInfos, durableInfos := make([]*jetstream.StreamInfo, len(streams)), make([]*jetstream.ConsumerInfo, len(durables))
	for i, w := range streams {
		look("stream "+w.config.Name, func() (err error) { streamInfos[i], err = streamInfo(ctx, l.JS, w.config.Name); return err })
	}
	for i, d := range durables {
		look("durable "+d.Name, func() (err error) { durableInfos[i], err = durableInfo(ctx, l.JS, d); return err })
	}
	if err := together(requests...); err != nil {
		return s, err
	}
	s.Streams, s.Durables = make(map[string]*jetstream.StreamInfo), make(map[string]*jetstream.ConsumerInfo)
	for i, w := range streams {
		s.Streams[w.config.Name] = streamInfos[i]
	}
	for i, d := range durables {
		s.Durables[d.Name] = durableInfos[i]
	}
	if err := s.findRoutes(ctx, l, complete || !isBlind(l.NC)); err != nil {
		return s, err
	}
	if !complete {
		return s, nil
	}
	return s, s.findForeign(ctx, l.JS)
}

// findRoutes looks at the durables of routes, if there are any and the permissions show them.
func (s *Snapshot) findRoutes(ctx context.Context, l *stream.Link, sees bool) error {
	info := s.Streams[schema.StreamTasks]
	if info == nil || info.State.Consumers <= len(task.Classes) || !sees {
		return nil
	}
	return l.RetryStart(ctx, func() error {
		tasks, err := l.JS.Stream(ctx, schema.StreamTasks)
		if err != nil {
			return fmt.Errorf("look at stream %s: %w", schema.StreamTasks, stream.Explain(err))
		}
		classes, err := listClasses(ctx, tasks)
		for _, class := range withRoute(classes) {
			d, err := durableInfo(ctx, l.JS, schema.ClassDurable(class, 0))
			if err != nil {
				return fmt.Errorf("look at durable %s: %w", schema.Durable(class), stream.Explain(err))
			}
			if d != nil { // else it was removed a moment ago
				s.Durables[d.Name] = d
			}
		}
		return err
	})
}

// routes returns the settings of the durables of routes that exist, as they should be.
func (s *Snapshot) routes(ackWait time.Duration) (list []schema.DurableConsumer) {
	if ackWait == 0 {
		ackWait = schema.DefaultAckWait
	}
	for _, name := range slices.Sorted(maps.Keys(s.Durables)) {
		if class, ok := schema.DurableClass(name); ok && class.Route() != "" && s.Durables[name] != nil {
			list = append(list, schema.ClassDurable(class, ackWait))
		}
	}
	return list
}

// streamInfo returns nil for a stream that does not exist.
func streamInfo(ctx context.Context, js jetstream.JetStream, name string) (*jetstream.StreamInfo, error) {
	s, err := js.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.CachedInfo(), nil
}

// durableInfo returns nil for a durable that does not exist.
func durableInfo(ctx context.Context, js jetstream.JetStream, d schema.DurableConsumer) (*jetstream.ConsumerInfo, error) {
	c, err := js.Consumer(ctx, d.Stream, d.Name)
	if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return c.CachedInfo(), nil
}

// findForeign looks for the streams that take subjects of those that are missing. A stream of the fleet is none of
// them: another process may have created it a moment ago.
func (s *Snapshot) findForeign(ctx context.Context, js jetstream.JetStream) error {
	s.Foreign = make(map[string][]ForeignStream)
	for _, want := range wantedStreams(Provision{}) {
		name := want.config.Name
		if s.Streams[name] != nil {
			continue
		}
		for _, subject := range want.config.Subjects {
			names := js.StreamNames(ctx, jetstream.WithStreamListSubject(subject))
			for other := range names.Name() {
				if _, own := s.Streams[other]; own {
					continue
				}
				if info, err := streamInfo(ctx, js, other); err == nil && info != nil { // it may be removed meanwhile
					s.Foreign[name] = append(s.Foreign[name], ForeignStream{other, info.Config.Subjects})
				}
			}
			if err := names.Err(); err != nil {
				return fmt.Errorf("look for streams of %s: %w", subject, stream.Explain(err))
			}
		}
	}
	return nil
}
