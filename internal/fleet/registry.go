package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A worker's heartbeat is a key of FACTOR_WORKERS, "<name>.<instance>", which the server removes 30 s
// after it was written, or which the worker removes when it leaves. With credentials the server
// sees to it that a worker writes under its own name; the content is only a claim. The instance is that
// of a process: workers of one name on two machines have two keys.
//
// Nothing that decides about a number relies on a heartbeat alone. The list is for users, for reminders
// (Trust.Remind), and for the probe, which also needs a last-attempt record and two looks.

// States that a list of workers shows beside those that workers report.
const (
	StateQuarantined = worker.StateQuarantined
	StateGone        = "gone" // no heartbeat
)

// Workers returns the workers that are alive, by name and instance. One that has died is listed for up to
// 30 s. It waits for a server that is unreachable.
func (f *Fleet) Workers(ctx context.Context) (list []worker.Status, err error) {
	err = f.link.Retry(ctx, func() error {
		list, err = f.listWorkers(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list workers: %w", stream.Explain(err))
	}
	slices.SortFunc(list, func(a, b worker.Status) int {
		return strings.Compare(a.Name+" "+a.Instance, b.Name+" "+b.Instance)
	})
	return list, nil
}

// listWorkers lists the workers once. It uses nats.go's own watch, because producers of the first
// release have no permission to request messages from this stream. That watch may take half
// a minute to notice that a server is back: so the listing ends with the connection.
func (f *Fleet) listWorkers(ctx context.Context) ([]worker.Status, error) {
	lost := f.link.AnswerContext()
	w, err := f.workers.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, err
	}
	defer w.Stop()
	silence := time.NewTimer(f.link.Timeout)
	defer silence.Stop()
	var list []worker.Status
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-lost.Done():
			return nil, stream.ErrReconnected
		case <-silence.C:
			return nil, nats.ErrTimeout
		case e, more := <-w.Updates():
			if !more {
				return nil, nats.ErrConnectionClosed
			}
			if e == nil { // all that is stored
				return list, nil
			}
			if s, ok := readStatus(e); ok {
				list = append(list, s)
			}
			silence.Reset(f.link.Timeout)
		}
	}
}

// readStatus decodes a heartbeat. Its key, not its content, says which worker sent it.
func readStatus(e jetstream.KeyValueEntry) (worker.Status, bool) {
	s, ok := decodeStatus(e.Key(), e.Value())
	s.Seen = e.Created()
	return s, ok
}

// Bounds of what a worker may report of itself. They are above what a machine or a number can have, and
// so low that a list of a thousand workers can be added without overflow.
const (
	maxSlots  = 1 << 12 // cores of a machine
	maxDigits = 5000    // decimal digits of a number
)

// decodeStatus decodes a heartbeat, which any client may have written: texts are made fit to be
// printed, and numbers to be added.
func decodeStatus(key string, b []byte) (worker.Status, bool) {
	var s worker.Status
	name, instance, ok := strings.Cut(key, ".")
	if !ok || task.CheckWorker(name) != nil || task.CheckJob(instance) != nil || len(b) > schema.MaxStatusSize || json.Unmarshal(b, &s) != nil {
		return worker.Status{}, false
	}
	s.Name, s.Instance = name, instance
	for _, text := range []*string{&s.Version, &s.Kernels, &s.Host, &s.State} {
		*text = oneShortLine(*text)
	}
	s.Started = *encodable(&s.Started)
	s.Seen = time.Time{}
	for _, n := range []*int{&s.Slots, &s.Busy, &s.Lost, &s.Held} {
		*n = min(max(*n, 0), maxSlots)
	}
	s.Activities = soundActivities(s.Activities)
	return s, true
}

// soundActivities returns the activities that are possible, fit to be printed.
func soundActivities(list []worker.Activity) (sound []worker.Activity) {
	for _, a := range list[:min(len(list), worker.MaxActivities)] {
		if task.CheckJob(a.Job) != nil || a.Position >= task.MaxPosition {
			continue
		}
		a.Method = oneShortLine(a.Method)
		a.Digits, a.Cores = min(max(a.Digits, 0), maxDigits), min(max(a.Cores, 1), maxSlots)
		a.Left = max(a.Left, 0)
		sound = append(sound, a)
	}
	return sound
}
