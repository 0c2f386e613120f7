package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// A Snapshot is what a server shows of itself and of the streams of a fleet. Findings says what is wrong with it.
type Snapshot struct {
	Version    string // of the server to which this process is connected; "" = unknown
	Cluster    string // name of its cluster; "" = it is alone
	Servers    int    // that this process knows of the cluster
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
	s := Snapshot{Version: nc.ConnectedServerVersion(), MaxPayload: nc.MaxPayload(), Cluster: nc.ConnectedClusterName(), Servers: 1}
	if s.Cluster != "" {
		s.Servers = max(1, len(nc.DiscoveredServers()))
	}
	return s
}

// CheckServer returns an error that wraps natsconn.ErrConnect if the server of a connection cannot have a fleet: its
// version, or the longest message that it accepts. It sends no request.
func CheckServer(nc *nats.Conn) error {
	return obstacle(ServerFindings(serverOf(nc)), []FindingKind{Unfit})
}

// Inspect looks at the server and at all streams and durables. An error means that they could not be looked at; that
// some do not exist is none. complete: also look at the limits of the account and for foreign streams. That needs
// permissions which a producer lacks.
func Inspect(ctx context.Context, js jetstream.JetStream, complete bool) (Snapshot, error) {
	s := serverOf(js.Conn())
	s.Streams, s.Durables = make(map[string]*jetstream.StreamInfo), make(map[string]*jetstream.ConsumerInfo)
	in := &inspection{js: js, s: &s}
	if complete {
		in.look(func() error {
			account, err := js.AccountInfo(ctx)
			return in.keep(func() { s.Account = account }, "look at the account", err)
		})
	}
	for _, want := range wantedStreams(Provision{}) {
		in.look(func() error { return in.stream(ctx, want.config.Name) })
	}
	for _, d := range schema.Durables(0) {
		in.look(func() error { return in.durable(ctx, d) })
	}
	in.running.Wait()
	if in.err == nil && complete {
		in.err = in.foreign(ctx)
	}
	return s, in.err
}

// An inspection is one call of Inspect. It sends its requests at the same time.
type inspection struct {
	js      jetstream.JetStream
	running sync.WaitGroup

	mu  sync.Mutex // guards what follows while requests run
	s   *Snapshot
	err error // the first
}

// look starts f. Its error is that of the inspection, unless there is one already.
func (in *inspection) look(f func() error) {
	in.running.Go(func() {
		if err := f(); err != nil {
			in.mu.Lock()
			defer in.mu.Unlock()
			if in.err == nil {
				in.err = err
			}
		}
	})
}

// keep notes what was found, unless there is an error.
func (in *inspection) keep(note func(), what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, stream.Explain(err))
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	note()
	return nil
}

func (in *inspection) stream(ctx context.Context, name string) error {
	s, err := in.js.Stream(ctx, name)
	var info *jetstream.StreamInfo
	if err == nil {
		info = s.CachedInfo()
	} else if errors.Is(err, jetstream.ErrStreamNotFound) {
		err = nil
	}
	return in.keep(func() { in.s.Streams[name] = info }, "look at stream "+name, err)
}

func (in *inspection) durable(ctx context.Context, d schema.DurableConsumer) error {
	c, err := in.js.Consumer(ctx, d.Stream, d.Name)
	var info *jetstream.ConsumerInfo
	if err == nil {
		info = c.CachedInfo()
	} else if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		err = nil
	}
	return in.keep(func() { in.s.Durables[d.Name] = info }, "look at durable "+d.Name, err)
}

// foreign looks for the streams that take subjects of those that are missing.
func (in *inspection) foreign(ctx context.Context) error {
	in.s.Foreign = make(map[string][]ForeignStream)
	for _, want := range wantedStreams(Provision{}) {
		name := want.config.Name
		if in.s.Streams[name] != nil {
			continue
		}
		for _, subject := range want.config.Subjects {
			names := in.js.StreamNames(ctx, jetstream.WithStreamListSubject(subject))
			for other := range names.Name() {
				s, err := in.js.Stream(ctx, other)
				if err != nil {
					continue // it was removed meanwhile
				}
				in.s.Foreign[name] = append(in.s.Foreign[name], ForeignStream{other, s.CachedInfo().Config.Subjects})
			}
			if err := names.Err(); err != nil {
				return fmt.Errorf("look for streams of %s: %w", subject, stream.Explain(err))
			}
		}
	}
	return nil
}
