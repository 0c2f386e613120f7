package command

import (
	"context"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/cputime"
	"factorfleet/internal/execkind"
	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/kind"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/puller"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// WorkerOptions say how a worker runs.
type WorkerOptions struct {
	Name         string // "" = the name of this machine
	Slots        int    // tasks at a time; 0 = one for each CPU
	DrainTimeout time.Duration
	MaxMemory    uint64        // limit of the heap in bytes, see worker.Config; 0 = no limit
	Exec         execkind.Set  // commands that it offers, of kinds "exec:NAME"
	Ledger       worker.Ledger // see worker.Config; may be nil
	Dead         StoreLetter   // stores the dead letters of single numbers; nil = the worker does, under its name
	Timeout      time.Duration // for one reply of the server
	Log          zerolog.Logger
	Ready        func(w *worker.Worker, name string) // called before the worker pulls; may be nil
}

// A StoreLetter stores a dead letter, as worker.Outbox does.
type StoreLetter func(ctx context.Context, job string, r task.Range, payload []byte) error

// A letterOutbox is an outbox whose dead letters of single numbers dead stores.
type letterOutbox struct {
	worker.Outbox
	dead StoreLetter
}

func (o letterOutbox) Dead(ctx context.Context, job string, r task.Range, payload []byte) error {
	if r.Count == 1 {
		return o.dead(ctx, job, r, payload)
	}
	return o.Outbox.Dead(ctx, job, r, payload)
}

// WorkerName returns the default name of a worker: that of this machine, with the characters that
// names of workers may have.
func WorkerName() string { return task.WorkerName(hostName()) }

// hostName returns the name of this machine, or "host" if it is unknown.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "host"
	}
	return name
}

// RunWorker runs a worker until ctx ends and the drain is complete. It sets the memory limit of the
// process. Then it removes the worker from the registry; a worker that cannot do that disappears when
// its last heartbeat expires. An error wraps worker.ErrRestart if the process must be started again.
func RunWorker(ctx context.Context, nc *natsconn.Conn, js natsconn.JetStream, o WorkerOptions) error {
	if o.Name == "" {
		o.Name = WorkerName()
	}
	client, err := puller.Open(ctx, nc, js, o.Name, stream.Options{Timeout: o.Timeout, Log: o.Log})
	if err != nil {
		return err
	}
	commands := openCommands(o.Exec, o.Name)
	defer closeCommands(commands, o.Log)
	w := newWorker(client, o, commands)
	// The heartbeats, the orders and the service last as long as the worker, its drain included.
	lifetime, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	if err := client.Listen(lifetime, puller.Orders{Cancel: w.Cancel, Finish: w.Finish, Quarantine: w.Quarantine, Release: w.Release, Hint: w.Hint}); err != nil {
		return err
	}
	status := worker.Status{
		Version: Version, Kernels: kernels.Active().String(), Host: hostName(), PID: os.Getpid(), Started: time.Now(),
		Sieves: true, Sieve: task.SieveRevision, ECM: true,
	}
	err = client.Serve(lifetime, func() worker.Status {
		status := status
		status.Stats, status.Holding, status.Seen = w.Stats(), w.Holding(), time.Now()
		return status
	})
	if err != nil {
		return err
	}
	go client.WatchDurables(lifetime)
	if o.Ready != nil {
		o.Ready(w, o.Name)
	}
	var heartbeats sync.WaitGroup
	heartbeats.Go(func() { sendHeartbeats(lifetime, client, w, status, o.Log) })
	err = w.Run(ctx)
	end()
	heartbeats.Wait() // a heartbeat after Leave would register the worker again
	if e := client.Leave(); e != nil {
		o.Log.Debug().Err(e).Msg("cannot leave the registry of workers")
	}
	return err
}

// newWorker sets the memory limit and returns a worker that pulls from client and publishes to it.
func newWorker(client *puller.Client, o WorkerOptions, commands map[string]*execkind.Kind) *worker.Worker {
	// A quarter of the memory is left for answers on their way to the server and for garbage.
	kinds, parts := kind.AllOn(o.Slots, o.MaxMemory/4*3)
	addCommands(kinds, commands)
	if o.MaxMemory > 0 {
		debug.SetMemoryLimit(int64(o.MaxMemory))
	}
	var outbox worker.Outbox = client
	if o.Dead != nil {
		outbox = letterOutbox{client, o.Dead}
	}
	announce := func(running func() []task.Address) {
		if err := client.Announce(running); err != nil {
			o.Log.Debug().Err(err).Msg("cannot announce a redelivered task")
		}
	}
	return worker.New(worker.Config{
		Name: o.Name, Version: Version, Slots: o.Slots, AckWait: client.AckWait(), DrainTimeout: o.DrainTimeout,
		CPU: processTime(), MaxMemory: o.MaxMemory, Announce: announce, Ledger: o.Ledger, Kinds: kinds, Parts: parts, Log: o.Log,
	}, client, outbox)
}

// processTime returns worker.Config.CPU; nil if the system does not tell it.
func processTime() func() time.Duration {
	if _, ok := cputime.Process(); !ok {
		return nil
	}
	return func() time.Duration { t, _ := cputime.Process(); return t }
}
