package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// States that a list of workers shows; others are the worker's own.
const (
	StateQuarantined = worker.StateQuarantined
	StateGone        = "gone" // no heartbeat
)

// Workers returns the workers that live, by name.
func (f *Fleet) Workers(ctx context.Context) ([]worker.Status, error) {
	w, err := f.workers.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, fmt.Errorf("list workers: %w", stream.Explain(err))
	}
	defer w.Stop()
	var list []worker.Status
	for e := range w.Updates() {
		if e == nil {
			slices.SortFunc(list, func(a, b worker.Status) int {
				return strings.Compare(a.Name+" "+a.Instance, b.Name+" "+b.Instance)
			})
			return list, nil
		}
		if s, ok := readStatus(e); ok {
			list = append(list, s)
		}
	}
	return nil, fmt.Errorf("list workers: %w", context.Cause(ctx))
}

// readStatus reads a heartbeat. Its key, not its content, says whose it is.
func readStatus(e jetstream.KeyValueEntry) (worker.Status, bool) {
	s, ok := decodeStatus(e.Key(), e.Value())
	s.Seen = e.Created()
	return s, ok
}

// Bounds of what a worker may say of itself.
const (
	maxSlots  = 1 << 12
	maxDigits = 5000
)

// decodeStatus reads a heartbeat that a stranger may have written: texts are made fit
// to be printed, and numbers to be added.
func decodeStatus(key string, b []byte) (worker.Status, bool) {
	var s worker.Status
	name, instance, ok := strings.Cut(key, ".")
	if !ok || task.CheckWorker(name) != nil || task.CheckJob(instance) != nil || len(b) > schema.MaxStatusSize || json.Unmarshal(b, &s) != nil {
		return worker.Status{}, false
	}
	s.Name, s.Instance = name, instance
	for _, text := range []*string{&s.Version, &s.Kernels, &s.Host, &s.State} {
		*text = brief(*text)
	}
	s.Started = *writable(&s.Started)
	s.Seen = time.Time{}
	for _, n := range []*int{&s.Slots, &s.Busy, &s.Lost, &s.Held} {
		*n = min(max(*n, 0), maxSlots)
	}
	s.Activities = soundActivities(s.Activities)
	return s, true
}

// soundActivities makes what a stranger says of its work fit to be printed.
func soundActivities(list []worker.Activity) (sound []worker.Activity) {
	for _, a := range list[:min(len(list), worker.MaxActivities)] {
		if task.CheckJob(a.Job) != nil || a.Position >= task.MaxPosition {
			continue
		}
		a.Method = brief(a.Method)
		a.Digits, a.Cores = min(max(a.Digits, 0), maxDigits), min(max(a.Cores, 1), maxSlots)
		a.Left = max(a.Left, 0)
		sound = append(sound, a)
	}
	return sound
}
