package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/worker"
)

// BeatInterval is how often a worker shows that it lives; after workerTTL, three
// times as long, it is gone from the list.
const BeatInterval = 10 * time.Second

// A WorkerStatus is what a worker says of itself with each heartbeat.
type WorkerStatus struct {
	Name     string    `json:"name"`
	Instance string    `json:"instance"`
	Version  string    `json:"version"`
	Host     string    `json:"host"`
	PID      int       `json:"pid"`
	Started  time.Time `json:"started"`
	worker.Stats
	Seen time.Time `json:"seen"` // the server's time of the heartbeat
}

// Workers returns the workers that live, by name.
func (f *Fleet) Workers(ctx context.Context) ([]WorkerStatus, error) {
	w, err := f.workers.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, fmt.Errorf("list workers: %w", explain(err))
	}
	defer w.Stop()
	var list []WorkerStatus
	for e := range w.Updates() {
		if e == nil {
			slices.SortFunc(list, func(a, b WorkerStatus) int {
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
func readStatus(e jetstream.KeyValueEntry) (WorkerStatus, bool) {
	var s WorkerStatus
	name, instance, ok := strings.Cut(e.Key(), ".")
	if !ok || json.Unmarshal(e.Value(), &s) != nil {
		return s, false
	}
	s.Name, s.Instance, s.Seen = name, instance, e.Created()
	return s, true
}
