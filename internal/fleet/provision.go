package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/natsconn"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/text"
)

// A Change is one step of Init.
type Change struct {
	Update bool   // of what exists; else it is created
	What   string // a line
}

// Init makes the streams, durables and buckets that are missing, and brings those that an earlier release has made to
// the settings of this one, where that loses nothing. It returns a line for each step that it did or, with DryRun,
// would do.
//
// It looks at everything first. If the server cannot have the fleet, a stream of others is in the way, or a setting
// differs that is the choice of a user, the error names all of it, wraps natsconn.ErrConnect or ErrDiffers, and nothing
// has been changed. With Adopt, a setting that differs is no obstacle, and stays. If a step fails, those before it
// remain. Init can be repeated, and run by two processes at once: the server refuses to create one thing twice with
// other settings.
func Init(ctx context.Context, js jetstream.JetStream, p Provision) ([]Change, error) {
	s, err := Inspect(ctx, js, !p.Restricted)
	if err != nil {
		return nil, err
	}
	return p.apply(ctx, js, s)
}

// apply does what Init does after it has looked.
func (p Provision) apply(ctx context.Context, js jetstream.JetStream, s Snapshot) (done []Change, err error) {
	obstacles := []FindingKind{Unfit, Foreign}
	if p.Adopt {
		p = p.adopt(s)
	} else {
		p, obstacles = p.withDefaults(), append(obstacles, Differs)
	}
	if err := obstacle(Findings(s, p), obstacles); err != nil {
		return nil, err
	}
	for _, step := range steps(s, p) {
		if !p.DryRun {
			if err := step.do(ctx, js); err != nil {
				return done, stepError(step.Change, err)
			}
		}
		done = append(done, step.Change)
	}
	return done, nil
}

// A step is a Change and how it is done.
type step struct {
	Change
	do func(context.Context, jetstream.JetStream) error
}

// steps returns what makes of a snapshot a fleet with the settings of p, streams first: a durable needs its stream.
// It requires that the snapshot has no obstacle.
func steps(s Snapshot, p Provision) (list []step) {
	for _, w := range wantedStreams(p) {
		if info, looked := s.Streams[w.config.Name]; looked {
			list = append(list, w.steps(info)...)
		}
	}
	for _, w := range wantedDurables(s, p) {
		if info, looked := s.Durables[w.config.Durable]; looked {
			list = append(list, w.steps(info)...)
		}
	}
	return list
}

func (w *wantedStream) steps(info *jetstream.StreamInfo) []step {
	if info == nil {
		return []step{{Change{What: w.label}, w.create}}
	}
	differences := w.differences(info)
	if w.expires && !allHarmless(differences) {
		return []step{{Change{What: replacedHeartbeats}, w.recreate}}
	}
	if differences = harmless(differences); len(differences) == 0 {
		return nil
	}
	config := bring(w.settings, differences, info.Config, &w.config)
	return []step{{Change{Update: true, What: describe(w.label, differences)}, func(ctx context.Context, js jetstream.JetStream) error {
		_, err := js.UpdateStream(ctx, config)
		return err
	}}}
}

// steps updates a durable in its present state: deliveries, acks and waiting requests stay as they are, and a durable
// that is paused stays paused (nats-server, consumer.updateConfig).
func (w *wantedDurable) steps(info *jetstream.ConsumerInfo) []step {
	label := "durable " + w.config.Durable
	if info == nil {
		return []step{{Change{What: label}, w.create}}
	}
	differences := harmless(w.differences(info))
	if len(differences) == 0 {
		return nil
	}
	config := bring(durableSettings, differences, info.Config, &w.config)
	return []step{{Change{Update: true, What: describe(label, differences)}, func(ctx context.Context, js jetstream.JetStream) error {
		_, err := js.UpdateConsumer(ctx, w.stream, config)
		return err
	}}}
}

// describe returns the line of an update.
func describe(label string, differences []difference) string {
	list := make([]string, len(differences))
	for i, d := range differences {
		list[i] = fmt.Sprintf("%s from %s to %s", d.setting, d.got, d.want)
	}
	return label + ": " + strings.Join(list, ", ")
}

// noRoom has the codes by which the server says that it has not the space that a stream reserves; tooMany those by
// which it refuses one more stream or durable.
var (
	noRoom  = []jetstream.ErrorCode{10047, codeClusterNoPeers, 10002, 10023}
	tooMany = []jetstream.ErrorCode{10026, 10027}
)

// codeClusterNoPeers: no node of the cluster has the space, or there are too few nodes.
const codeClusterNoPeers = 10005

// stepError returns the error of a step. A limit of the server shows only when it refuses the step: no client can read
// it. Then the error wraps natsconn.ErrConnect.
func stepError(c Change, err error) error {
	line := "create " + c.What
	if c.Update {
		line = "update " + c.What
	}
	var api *jetstream.APIError
	switch {
	case !errors.As(err, &api):
	case slices.Contains(noRoom, api.ErrorCode):
		return &unfitError{fmt.Sprintf("%s: %s", line, api.Description),
			fmt.Sprintf("stream %s reserves %s on each server that stores it: raise max_file_store in the jetstream block of the server's configuration, or free space; --replicas needs as many servers", schema.StreamTasks, text.Bytes(schema.TaskBytes))}
	case slices.Contains(tooMany, api.ErrorCode):
		return &unfitError{fmt.Sprintf("%s: %s", line, api.Description), "raise max_streams and max_consumers of the account"}
	}
	return fmt.Errorf("%s: %w", line, stream.Explain(err))
}

// An unfitError says that the server refuses what the fleet needs.
type unfitError struct{ line, hint string }

func (e *unfitError) Error() string { return e.line }
func (e *unfitError) Hint() string  { return e.hint }
func (e *unfitError) Unwrap() error { return natsconn.ErrConnect }
