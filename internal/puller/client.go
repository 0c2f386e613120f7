// Package puller is a worker's side of the streams: it pulls tasks, settles them, stores what they
// leave behind, beats, and hears orders.
package puller

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A Client is a worker's access to the streams: it pulls tasks, settles them, and
// stores what they leave behind. It needs far fewer permissions than a fleet.Fleet.
type Client struct {
	link     *stream.Link
	worker   string // name: the last token of everything it publishes
	instance string // told apart from other processes of the same name
	ackWait  time.Duration
	puller   *puller
}

// Open binds to the durables as the worker of that name. An error wraps
// ErrNotProvisioned if they are missing.
func Open(ctx context.Context, nc *nats.Conn, js jetstream.JetStream, worker string, o stream.Options) (*Client, error) {
	if err := task.CheckWorker(worker); err != nil {
		return nil, err
	}
	s := &Client{link: stream.New(nc, js, o), worker: worker, instance: task.NewJobID(time.Now())}
	crosses := nc.Opts.UserJWT != nil // from the workers' account to the fleet's: see mailbox
	if crosses {
		s.link.Ask = (&mailbox{nc: nc}).ask
	}
	for _, class := range task.Classes {
		err := s.link.RetryStart(ctx, func() error {
			c, err := js.Consumer(ctx, schema.StreamTasks, schema.Durable(class))
			if err != nil {
				return stream.Missing("durable", schema.Durable(class), err)
			}
			s.ackWait = c.CachedInfo().Config.AckWait
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	pull, err := newPuller(s.link, crosses)
	if err != nil {
		return nil, err
	}
	s.puller = pull
	return s, nil
}

// AckWait is how long the server leaves a task with a silent worker.
func (s *Client) AckWait() time.Duration { return s.ackWait }

// store stores a message of this program.
func (s *Client) store(ctx context.Context, subject string, payload []byte) error {
	return s.link.Store(ctx, &nats.Msg{Subject: subject, Header: schema.Header(), Data: payload})
}

// Result stores the result of a range; the first of this worker stands.
func (s *Client) Result(ctx context.Context, job string, r task.Range, payload []byte) error {
	return s.store(ctx, schema.ResultSubject(job, r, s.worker), payload)
}

// Return hands a range back to the sweeper.
func (s *Client) Return(ctx context.Context, a task.Address, payload []byte) error {
	return s.store(ctx, schema.ReturnSubject(a.Job, a.Range, a.Round, s.worker), payload)
}

// Failed stores the record of a failed attempt.
func (s *Client) Failed(ctx context.Context, a task.Address, attempt int, payload []byte) error {
	return s.store(ctx, schema.FailedSubject(a, attempt, s.worker), payload)
}

// Dead stores a dead letter.
func (s *Client) Dead(ctx context.Context, job string, r task.Range, payload []byte) error {
	return s.store(ctx, schema.DeadSubject(job, r, s.worker), payload)
}

// Beat publishes the worker's heartbeat, any JSON, to the registry. It does not
// wait for an answer: the next beat comes soon.
func (s *Client) Beat(status any) error {
	b, err := json.Marshal(status)
	if err != nil {
		return fmt.Errorf("heartbeat: %w", err)
	}
	return s.link.NC.Publish(schema.KeyPrefix(schema.BucketWorkers)+s.worker+"."+s.instance, b)
}

// Leave removes the worker from the registry.
func (s *Client) Leave() error {
	m := nats.NewMsg(schema.KeyPrefix(schema.BucketWorkers) + s.worker + "." + s.instance)
	m.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
	m.Header.Set("KV-Operation", "PURGE")
	if err := s.link.NC.PublishMsg(m); err != nil {
		return err
	}
	return s.link.NC.FlushTimeout(s.link.Timeout)
}
