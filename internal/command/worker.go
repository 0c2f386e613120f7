package command

import (
	"context"
	"os"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/kind"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// WorkerOptions say how a worker runs.
type WorkerOptions struct {
	Name         string // "" = the host's name
	Slots        int    // 0 = one for each CPU
	DrainTimeout time.Duration
	MaxMemory    uint64        // see worker.Config; 0 = no limit
	Ledger       worker.Ledger // likewise; may be nil
	Timeout      time.Duration // for one reply of the server
	Log          zerolog.Logger
	Ready        func(w *worker.Worker, name string) // called before it pulls; may be nil
}

// WorkerName is the name of a worker that is given none: the host's.
func WorkerName() string { return task.WorkerName(hostName()) }

// RunWorker runs a worker until ctx ends and its drain is complete.
func RunWorker(ctx context.Context, nc *natsconn.Conn, js natsconn.JetStream, o WorkerOptions) error {
	if o.Name == "" {
		o.Name = WorkerName()
	}
	station, err := puller.Open(ctx, nc, js, o.Name, stream.Options{Timeout: o.Timeout, Log: o.Log})
	if err != nil {
		return err
	}
	// What is found and sent, and what is not yet collected, takes some memory too.
	kinds := kind.AllOn(o.Slots, o.MaxMemory/4*3)
	if o.MaxMemory > 0 {
		debug.SetMemoryLimit(int64(o.MaxMemory))
	}
	w := worker.New(worker.Config{
		Name: o.Name, Version: Version, Slots: o.Slots, AckWait: station.AckWait(), DrainTimeout: o.DrainTimeout,
		MaxMemory: o.MaxMemory, Ledger: o.Ledger, Kinds: kinds, Log: o.Log,
	}, station, station)

	life, end := context.WithCancel(context.WithoutCancel(ctx)) // of what lasts as long as the worker, drain included
	defer end()
	if err := station.Listen(life, puller.Orders{Cancel: w.Cancel, Quarantine: w.Quarantine, Release: w.Release}); err != nil {
		return err
	}
	status := worker.Status{Version: Version, Kernels: kernels.Active().String(), Host: hostName(), PID: os.Getpid(), Started: time.Now()}
	err = station.Serve(life, func() worker.Status {
		status := status
		status.Stats, status.Seen = w.Stats(), time.Now()
		return status
	})
	if err != nil {
		return err
	}
	if o.Ready != nil {
		o.Ready(w, o.Name)
	}
	go beat(life, station, w, status, o.Log)
	err = w.Run(ctx)
	end()
	if e := station.Leave(); e != nil {
		o.Log.Debug().Err(e).Msg("leave the registry")
	}
	return err
}

// A worker with a number at hand for long tells of it within lookEvery, and then every tellEvery.
const (
	lookEvery = time.Second
	tellEvery = schema.BeatInterval / 2
)

// beat shows that the worker lives, at once and every BeatInterval or more often.
func beat(ctx context.Context, station *puller.Client, w *worker.Worker, status worker.Status, log zerolog.Logger) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var last time.Time
	for {
		told := len(status.Activities) > 0
		status.Stats = w.Stats()
		telling := len(status.Activities) > 0
		if since := time.Since(last); since >= schema.BeatInterval || telling != told || telling && since >= tellEvery {
			last = time.Now()
			if err := station.Beat(status); err != nil {
				log.Debug().Err(err).Msg("heartbeat")
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
