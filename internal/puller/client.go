// Package puller is the worker's side of the streams: it pulls tasks, settles their deliveries, stores
// what they produce, sends heartbeats, and receives orders.
//
//	Pull                        pull.go, request.go: the tasks of all classes, by priority; wait.go: if there are none
//	SkipClass                   skip.go: a class that brings tasks which the worker cannot do
//	worker.Handle               settle.go, ack.go: ack, nak, term and heartbeat of a delivery
//	Result, Return, Failed...   client.go: what a delivery leaves in the streams
//	Beat, Leave, Serve          heartbeat.go, service.go: what other programs see of the worker
//	Listen                      orders.go: cancelled jobs, quarantine
//
// Package worker decides when each of these is called. This package implements its interfaces Source,
// Handle and Outbox.
//
// The life of a task that succeeds, in messages:
//
//	worker                                                server
//	CONSUMER.MSG.NEXT {"batch":n}                  -->
//	                                               <--    FACTOR.tasks.<class>...., reply $JS.ACK....
//	$JS.ACK... +WPI   heartbeat, six per AckWait   -->
//	FACTOR.results.<job>.<range>.<worker>          -->    stored
//	                                               <--    confirmed
//	$JS.ACK... +ACK                                -->    the task leaves the queue
//	                                               <--    confirmed
//
// A task that a worker drops at any point stays in the queue, and is redelivered after AckWait.
package puller

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A Client is one worker's access to the streams. It needs far fewer permissions than a fleet.Fleet.
// All methods but Pull are safe for concurrent use; Pull is called by one goroutine.
type Client struct {
	link     *stream.Link
	worker   string        // name: the last token of every subject that it publishes to
	instance string        // distinguishes processes that run under the same name
	ackWait  time.Duration // of the durables
	puller   *puller

	announcing sync.Mutex // held while an announcement is composed and published
}

// Open binds to the durables as the worker of that name. The error wraps stream.ErrNotProvisioned if a
// durable is missing after one Timeout: a supervisor that starts at the same time creates them. A cluster that is
// electing a leader is waited for.
func Open(ctx context.Context, nc *nats.Conn, js jetstream.JetStream, worker string, o stream.Options) (*Client, error) {
	if err := task.CheckWorker(worker); err != nil {
		return nil, err
	}
	c := &Client{link: stream.New(nc, js, o), worker: worker, instance: task.NewJobID(time.Now())}
	// With a JWT the worker is a user of the workers' account, and its requests pass into another.
	crossAccount := nc.Opts.UserJWT != nil
	if crossAccount {
		c.link.RawRequest = (&replyInbox{nc: nc}).request
	}
	if err := c.awaitSetup(ctx, js); err != nil {
		return nil, err
	}
	var err error
	if c.puller, err = newPuller(c.link, worker, crossAccount); err != nil {
		return nil, err
	}
	return c, nil
}

// awaitSetup is readAckWait, repeated for one Timeout while a durable is missing.
func (c *Client) awaitSetup(ctx context.Context, js jetstream.JetStream) error {
	pause, end := stream.NewPause(), time.Now().Add(c.link.Timeout)
	for warned := false; ; warned = true {
		err := c.readAckWait(ctx, js)
		if !errors.Is(err, stream.ErrNotProvisioned) || time.Now().After(end) {
			return err
		}
		if !warned {
			c.link.Log.Info().Msgf("%v; waiting %v for `producer serve` or `producer init` to create it", err, c.link.Timeout)
		}
		if e := pause.WaitAtMost(ctx, setupPause); e != nil {
			return e
		}
	}
}

// setupPause is the longest time between two looks for durables that a supervisor creates.
const setupPause = time.Second / 4

// readAckWait checks that all durables exist, and reads AckWait, which is the same for all.
func (c *Client) readAckWait(ctx context.Context, js jetstream.JetStream) error {
	for _, class := range task.Classes {
		name := schema.Durable(class)
		err := c.link.RetryStart(ctx, func() error {
			consumer, err := js.Consumer(ctx, schema.StreamTasks, name)
			if err != nil {
				return stream.NotProvisioned("durable", name, err)
			}
			info := consumer.CachedInfo()
			c.ackWait = info.Config.AckWait
			state := durableState{Paused: info.Paused}
			state.Config.PauseUntil = info.Config.PauseUntil
			state.warn(c.link, name)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// AckWait is the time without a sign of life after which the server redelivers a task.
func (c *Client) AckWait() time.Duration { return c.ackWait }

// Instance returns the name of this process among those that run under the worker's name: the second part of the key of its
// heartbeats. No other process has had it.
func (c *Client) Instance() string { return c.instance }

// Result stores the result of a range. If this worker has stored one for the range before, that stays.
func (c *Client) Result(ctx context.Context, job string, r task.Range, payload []byte) error {
	return c.store(ctx, schema.ResultSubject(job, r, c.worker), payload)
}

// Return hands a range back to the sweeper, which queues it again.
func (c *Client) Return(ctx context.Context, a task.Address, payload []byte) error {
	return c.store(ctx, schema.ReturnSubject(a.Job, a.Range, a.Round, c.worker), payload)
}

// Failed stores the record of a failed attempt. Attempts count from 1.
func (c *Client) Failed(ctx context.Context, a task.Address, attempt int, payload []byte) error {
	return c.storeRecord(ctx, schema.FailedSubject(a, attempt, c.worker), payload)
}

// Dead stores a dead letter: the worker gives a range up.
func (c *Client) Dead(ctx context.Context, job string, r task.Range, payload []byte) error {
	return c.storeRecord(ctx, schema.DeadSubject(job, r, c.worker), payload)
}

// store publishes a message until it is stored. See stream.Link.Store for its errors.
func (c *Client) store(ctx context.Context, subject string, payload []byte) error {
	return c.link.Store(ctx, &nats.Msg{Subject: subject, Header: schema.Header(), Data: payload})
}

// storeRecord is store for a task.Failure, with its facts in a header for people. A payload or subject that cannot be read
// has none.
func (c *Client) storeRecord(ctx context.Context, subject string, payload []byte) error {
	m := &nats.Msg{Subject: subject, Header: schema.Header(), Data: payload}
	place, err := schema.ParseSubject(subject)
	if failure, e := task.DecodeFailure(payload); err == nil && e == nil {
		m.Header = schema.RecordHeader(place, failure)
	}
	return c.link.Store(ctx, m)
}
