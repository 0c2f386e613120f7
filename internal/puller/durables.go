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

// A missingCheck warns of durables that do not exist. The goroutine of Pull owns it.
type missingCheck struct {
	link    *stream.Link
	checked time.Time
	warned  bool
}

// missingInterval is the least time between two checks: the server is asked for each durable.
const missingInterval = 5 * time.Second

// check looks for a durable that does not exist after a pull request got no answer, and warns of the first, once until
// pulling works again. A server whose leader is being elected answers nothing, or that it is not available.
func (c *missingCheck) check(ctx context.Context, pullError error) {
	if !errors.Is(pullError, errNoAnswer) {
		c.warned = c.warned && pullError != nil
		return
	}
	if c.warned || time.Since(c.checked) < missingInterval {
		return
	}
	c.checked = time.Now()
	for _, class := range task.Classes {
		if _, err := lookAtDurable(ctx, c.link, schema.Durable(class)); errors.Is(err, stream.ErrNotProvisioned) {
			c.warned = true
			c.link.Log.Error().Msgf("%v; run `producer init` once against this server: this worker then goes on", err)
			return
		}
	}
}
