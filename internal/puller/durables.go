package puller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A durableState is what the server says of a durable, as far as a worker needs it.
type durableState struct {
	Config struct {
		MaxWaiting int        `json:"max_waiting"`
		PauseUntil *time.Time `json:"pause_until"`
	} `json:"config"`
	NumWaiting int                 `json:"num_waiting"`
	Paused     bool                `json:"paused"`
	Error      *jetstream.APIError `json:"error"`
}

// lookAtDurable requests the state of a durable. The error wraps stream.ErrNotProvisioned if it does not exist.
func lookAtDurable(ctx context.Context, l *stream.Link, durable string) (s durableState, err error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	m, err := l.Request(ctx, &nats.Msg{Subject: l.API + "CONSUMER.INFO." + schema.StreamTasks + "." + durable})
	if err != nil {
		return s, stream.Explain(err)
	}
	if err := json.Unmarshal(m.Data, &s); err != nil {
		return s, fmt.Errorf("read the state of durable %s: %w", durable, err)
	}
	switch {
	case s.Error == nil:
	case s.Error.ErrorCode == jetstream.JSErrCodeStreamNotFound:
		return s, stream.NotProvisioned("stream", schema.StreamTasks, jetstream.ErrStreamNotFound)
	case s.Error.ErrorCode == jetstream.JSErrCodeConsumerNotFound:
		return s, stream.NotProvisioned("durable", durable, jetstream.ErrConsumerNotFound)
	default:
		return s, fmt.Errorf("look at durable %s: %w", durable, s.Error)
	}
	return s, nil
}

// warn logs that the durable is paused, if it is.
func (s *durableState) warn(l *stream.Link, durable string) {
	if s.Paused && s.Config.PauseUntil != nil {
		l.Log.Warn().Msgf("durable %s is paused until %s UTC, so that this worker gets none of its tasks; run `nats consumer resume %s %s -f`",
			durable, s.Config.PauseUntil.UTC().Format(time.DateTime), schema.StreamTasks, durable)
	}
}

// errNoAnswer means that no program answers a pull request, or that the durable was deleted.
var errNoAnswer = errors.New("no answer to a pull request: the durable does not exist, or has no leader now")

// deletedDescription is the description of the status 409 of a request whose durable was deleted.
const deletedDescription = "Consumer Deleted"

// missingInterval is the time between two looks while something is missing.
const missingInterval = 5 * time.Second

// WatchDurables says that a durable does not exist, and that all are there again, until ctx ends. It looks after each
// reconnect and when a pull request got no answer, and rests otherwise.
func (c *Client) WatchDurables(ctx context.Context) {
	connected := c.link.NC.StatusChanged(nats.CONNECTED)
	defer c.link.NC.RemoveStatusListener(connected)
	for ctx.Err() == nil {
		select {
		case <-connected:
		case <-c.puller.noAnswers:
		case <-ctx.Done():
			return
		}
		c.awaitDurables(ctx)
	}
}

// awaitDurables looks until all durables exist. A server that does not answer is asked by the next look.
func (c *Client) awaitDurables(ctx context.Context) {
	for warned := false; ; {
		err := c.lookAtDurables(ctx)
		switch {
		case errors.Is(err, stream.ErrNotProvisioned) && !warned:
			warned = true
			c.link.Log.Error().Msgf("%v; run `producer init` once against this server: this worker then goes on", err)
		case err == nil && warned:
			c.link.Log.Info().Msg("all durables are there again")
			return
		case err == nil:
			return
		}
		if stream.Sleep(ctx, missingInterval) != nil {
			return
		}
	}
}

// lookAtDurables looks at one after the other, up to the first error.
func (c *Client) lookAtDurables(ctx context.Context) error {
	for _, class := range task.Classes {
		if _, err := lookAtDurable(ctx, c.link, schema.Durable(class)); err != nil {
			return err
		}
	}
	return nil
}
