package fleet

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

// Several supervisors may want to tell a user of the same event. Each event has a record, a key of FACTOR_JOBS,
//
//	notified.<job>.<event>
//
// which is written once the event is told, or cannot be told. It expires after notifiedAge. A lease,
// process.notify.<job>.<event>, lets one process at a time look at the record and tell. A process that dies between the
// two has told without a record: another one tells again. So each event is told at least once, if a supervisor that tells
// is alive within NotifyWindow after it, and twice only after such a death.
const (
	notifiedPrefix    = "notified."
	notifyLeasePrefix = "process.notify."

	// NotifyWindow is how old an event may be that a process tells of which begins later.
	NotifyWindow = time.Hour
	// notifiedAge is longer than NotifyWindow: a record that is gone is of an event that nobody tells any more.
	notifiedAge = 3 * NotifyWindow
)

// A notified is the value of a record, for people.
type notified struct {
	Time   time.Time `json:"time"`
	Holder string    `json:"by"`
}

// errTold ends the holding of a lease.
var errTold = errors.New("the event was told")

// Once calls tell unless a process has told of the event of a job before. event is a token: letters, digits, - and _. holder
// is a name that no other process has. tell may be called by several processes only if one of them has died, or has lost
// its lease. Once waits while another process tells. It returns the cause of the end of ctx if that comes first; then the
// event may be told by another process.
func (f *Fleet) Once(ctx context.Context, job, event, holder string, tell func(context.Context)) error {
	if err := errors.Join(task.CheckJob(job), task.CheckJob(event)); err != nil {
		return err
	}
	key := job + "." + event
	told, err := f.isNotified(ctx, key)
	if err != nil || told {
		return err
	}
	err = f.Hold(ctx, notifyLeasePrefix+key, holder, func(ctx context.Context) error {
		switch told, err := f.isNotified(ctx, key); {
		case err != nil: // it is not known, and nothing was told
			return err
		case told:
			return errTold
		}
		tell(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := f.setNotified(ctx, key, holder); err != nil {
			f.link.Log.Warn().Err(err).Str("job", job).Msg("cannot record that an event was told: it may be told again")
		}
		return errTold
	})
	switch {
	case errors.Is(err, errTold), err == nil && ctx.Err() == nil:
		return nil
	case err == nil:
		return context.Cause(ctx)
	}
	return err
}

// isNotified reports whether a record is there. It waits for a server that is unreachable.
func (f *Fleet) isNotified(ctx context.Context, key string) (told bool, err error) {
	err = f.link.Retry(ctx, func() error {
		_, err := f.jobs.Get(ctx, notifiedPrefix+key)
		if told = err == nil; errors.Is(err, jetstream.ErrKeyNotFound) {
			err = nil
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look whether an event was told: %w", stream.Explain(err))
	}
	return told, nil
}

// setNotified writes a record. A bucket of an earlier release keeps no record, because it would keep it for ever: events
// may then be told by each process.
func (f *Fleet) setNotified(ctx context.Context, key, holder string) error {
	value, err := json.Marshal(notified{f.now(), holder})
	if err != nil {
		return err
	}
	subject := f.link.KeySubject(schema.KeyPrefix(schema.BucketJobs) + notifiedPrefix + key)
	return f.link.Retry(ctx, func() error {
		_, err := f.link.JS.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: value}, jetstream.WithMsgTTL(notifiedAge))
		if stream.IsTTLDisabled(err) {
			f.link.Log.Warn().Msg("notifications may be repeated: run `producer init`, which brings bucket " + schema.BucketJobs + " up to date")
			return nil
		}
		return err
	})
}
