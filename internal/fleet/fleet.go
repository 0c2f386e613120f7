// Package fleet is the messaging of factorfleet: publishing, pulling, settling, the
// registry of workers, jobs and leases. Package schema names the streams and subjects,
// package natsconn makes the connection.
//
// Four orders hold everywhere, and the rest follows from them: inputs are stored
// before their tasks; a result before its task is acked; a dead letter before its
// task is terminated; and whoever lists, lists TASKS, RETURNS, RESULTS, DEAD in this
// order, so that a range on its way from one to the next is seen at least once.
package fleet

import (
	"context"
	"errors"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/schema"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
)

// A link is a connection with what every use of it needs.
type link struct {
	nc      *nats.Conn
	js      jetstream.JetStream
	ask     func(context.Context, *nats.Msg) (*nats.Msg, error) // sends a request and waits for its answer
	api     string                                              // subject prefix of the JetStream API, with its last dot
	timeout time.Duration                                       // for one reply of the server
	clock   *clock
	log     zerolog.Logger
}

// A Fleet is a producer's access to the streams. It is safe for concurrent use.
type Fleet struct {
	link
	inputs, results, dead, tasks, returns jetstream.Stream
	jobs, leases, workers                 jetstream.KeyValue
	leaseTTL                              time.Duration
	unreadable                            sync.Map // key of FACTOR_JOBS -> its revision that was logged
}

// Options of Open and OpenWorker.
type Options struct {
	Timeout time.Duration // for one reply of the server; 0 = 5 s
	Log     zerolog.Logger
}

// Open binds to the streams of an already provisioned server; an error wraps
// ErrNotProvisioned if something is missing. A cluster that elects a leader is waited
// for.
func Open(ctx context.Context, nc *nats.Conn, js jetstream.JetStream, o Options) (*Fleet, error) {
	f := &Fleet{link: newLink(nc, js, o), leaseTTL: leaseTTL}
	for name, at := range map[string]*jetstream.Stream{
		schema.StreamInputs: &f.inputs, schema.StreamTasks: &f.tasks, schema.StreamResults: &f.results, schema.StreamReturns: &f.returns, schema.StreamDead: &f.dead,
	} {
		err := f.outlast(ctx, func() error {
			s, err := js.Stream(ctx, name)
			if err != nil {
				return missing("stream", name, err)
			}
			*at = s
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for name, at := range map[string]*jetstream.KeyValue{schema.BucketJobs: &f.jobs, schema.BucketLeases: &f.leases, schema.BucketWorkers: &f.workers} {
		err := f.outlast(ctx, func() error {
			kv, err := js.KeyValue(ctx, name)
			if err != nil {
				return missing("bucket", name, err)
			}
			*at = kv
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return f, nil
}

func newLink(nc *nats.Conn, js jetstream.JetStream, o Options) link {
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	return link{nc: nc, js: js, ask: nc.RequestMsgWithContext, api: apiPrefix(js), timeout: o.Timeout, clock: newClock(nc), log: o.Log}
}

// apiPrefix returns "$JS.API." or what a domain or prefix of the connection makes of it.
func apiPrefix(js jetstream.JetStream) string {
	o := js.Options()
	switch {
	case o.APIPrefix != "":
		return o.APIPrefix + "."
	case o.Domain != "":
		return "$JS." + o.Domain + ".API."
	}
	return "$JS.API."
}

func missing(what, name string, err error) error {
	if errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrBucketNotFound) || errors.Is(err, jetstream.ErrConsumerNotFound) {
		return fmt.Errorf("%w: %s %s is missing; run `producer init` once against this server", ErrNotProvisioned, what, name)
	}
	return fmt.Errorf("open %s %s: %w", what, name, explain(err))
}

// explain puts what the client library reports into words a user can act on. The
// cause stays wrapped, for Insist to judge.
func explain(err error) error {
	switch {
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
		return fmt.Errorf("%w: this nats server runs without JetStream; start it with -js", natsconn.ErrConnect)
	case errors.Is(err, nats.ErrNoResponders):
		return natsconn.Refuse(err, "%v: nobody answers for JetStream on this server; start it with -js", natsconn.ErrConnect)
	case errors.Is(err, nats.ErrConnectionClosed):
		return natsconn.ErrClosed
	case isFull(err):
		return &fullError{err}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return fmt.Errorf("%w: no answer from the nats server: %w", natsconn.ErrConnect, err)
	}
	return err
}
