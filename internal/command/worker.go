package command

import (
	"cmp"
	"context"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/cputime"
	"factorfleet/internal/execkind"
	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/kind"
	"factorfleet/internal/machine"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/puller"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
	"factorfleet/internal/worker"
)

// WorkerOptions say how a worker runs.
type WorkerOptions struct {
	Name         string // "" = the name of this machine
	Slots        int    // tasks at a time; 0 = one for each core that the process may use
	Cores        int    // in use at a time; 0 = all that the process may use
	DrainTimeout time.Duration
	MaxMemory    uint64          // limit of the heap in bytes, see worker.Config; 0 = no limit
	Offers       []string        // labels
	Exec         execkind.Set    // commands that it offers, of kinds "exec:NAME"
	MaxDigits    int             // of the numbers that it accepts; 0 = any
	BySize       bool            // numbers whose sieve needs more memory than it has are handed back: see worker.Config
	Ledger       worker.Ledger   // see worker.Config; may be nil
	Recorder     worker.Recorder // counts what the worker does; may be nil
	Dead         StoreLetter     // stores the dead letters of single numbers; nil = the worker does, under its name
	Timeout      time.Duration   // for one reply of the server
	Availability
	Log   zerolog.Logger
	Ready func(w *worker.Worker, name string) // called before the worker pulls; may be nil
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

// RunWorker runs a worker until ctx ends, or its Availability says so, and the drain is complete. It sets the memory
// limit of the process. Then it removes the worker from the registry; a worker that cannot do that disappears when
// its last heartbeat expires. An error wraps worker.ErrRestart if the process must be started again.
func RunWorker(ctx context.Context, nc *natsconn.Conn, js natsconn.JetStream, o WorkerOptions) error {
	if o.Name == "" {
		o.Name = WorkerName()
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	if o.MaxTime > 0 {
		defer time.AfterFunc(o.MaxTime, func() {
			o.Log.Info().Str("max_time", text.Elapsed(o.MaxTime)).Msg("the time of the worker is over, it ends")
			end(errMaxTime)
		}).Stop()
	}
	client, err := puller.Open(ctx, nc, js, o.Name, stream.Options{Timeout: o.Timeout, Log: o.Log})
	if err != nil {
		if context.Cause(ctx) == errMaxTime {
			return nil
		}
		return err
	}
	memoryDigits := kind.MemoryDigits(o.MaxMemory / 4 * 3)
	offers, err := o.offers(memoryDigits)
	if err != nil {
		return err
	}
	client.Offer(offers)
	if !o.BySize {
		memoryDigits = 0
	}
	w, commands := newWorker(client, o, memoryDigits)
	defer closeCommands(commands, o.Log)
	// The heartbeats, the orders and the service last as long as the worker, its drain included.
	lifetime, endLife := context.WithCancel(context.WithoutCancel(ctx))
	defer endLife()
	if err := client.Listen(lifetime, puller.Orders{Cancel: w.Cancel, Finish: w.Finish, Quarantine: w.Quarantine, Release: w.Release, Hint: w.Hint}); err != nil {
		return err
	}
	status := worker.Status{
		Version: Version, Kernels: kernels.Active().String(), Host: hostName(), PID: os.Getpid(), Started: time.Now(),
		Sieves: true, Sieve: task.SieveRevision, ECM: true, Offers: offers, MaxDigits: o.MaxDigits, MemoryDigits: memoryDigits,
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
	go client.PollRoutes(lifetime)
	if o.Ready != nil {
		o.Ready(w, o.Name)
	}
	var heartbeats sync.WaitGroup
	heartbeats.Go(func() { sendHeartbeats(lifetime, client, w, status, o.Log) })
	if o.needed() {
		g := &governor{Availability: o.Availability, worker: w, load: newLoad().Others, connected: nc.IsConnected, end: end, log: o.Log}
		g.look(time.Now()) // before the worker pulls
		go g.run(ctx)
	}
	err = w.Run(ctx)
	endLife()
	heartbeats.Wait() // a heartbeat after Leave would register the worker again
	if e := client.Leave(); e != nil {
		o.Log.Debug().Err(e).Msg("cannot leave the registry of workers")
	}
	return err
}

// offers returns what the worker offers: its labels, its commands, and numbers of any size, if it accepts them and has the memory for them.
func (o *WorkerOptions) offers(memoryDigits int) ([]string, error) {
	offers := append(slices.Clip(o.Offers), o.Exec.Offers()...)
	if o.MaxDigits == 0 && memoryDigits == 0 {
		offers = append(offers, task.OfferLarge)
	}
	return task.NormalOffers(offers)
}

// newWorker sets the memory limit and returns a worker that pulls from client and publishes to it, and the commands that it
// offers.
func newWorker(client *puller.Client, o WorkerOptions, memoryDigits int) (*worker.Worker, []*execkind.Kind) {
	// A quarter of the memory is left for answers on their way to the server and for garbage.
	cores := machine.Cores(machine.Root())
	o.Slots, o.Cores = cmp.Or(o.Slots, cores), cmp.Or(o.Cores, cores)
	kinds, parts, pool := kind.AllOn(o.Cores, o.MaxMemory/4*3)
	commands := addCommands(kinds, o.Exec, o.Name, pool)
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
		Name: o.Name, Version: Version, Kernels: kernels.Active().String(), Instance: client.Instance(), Slots: o.Slots, Once: o.Once, AckWait: client.AckWait(), DrainTimeout: o.DrainTimeout,
		CPU: processTime(), MaxMemory: o.MaxMemory, MaxDigits: o.MaxDigits, MemoryDigits: memoryDigits, Announce: announce, Ledger: o.Ledger, Recorder: o.Recorder, Kinds: kinds, Parts: parts, Log: o.Log,
	}, client, outbox), commands
}

// processTime returns worker.Config.CPU; nil if the system does not tell it.
func processTime() func() time.Duration {
	if _, ok := cputime.Process(); !ok {
		return nil
	}
	return func() time.Duration { t, _ := cputime.Process(); return t }
}
