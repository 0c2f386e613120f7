package worker

import (
	"cmp"
	"runtime"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/task"
)

// A Config has the settings of a worker.
type Config struct {
	Name    string // of the worker, in results and failures
	Version string // of the program, in results and failures
	Kernels string // level of kernels of the engine, in results
	// Instance is the process, in failures: several may run under one name.
	Instance string

	// Slots is how many tasks run at a time; 0 = one for each CPU.
	Slots int
	// Once ends Run when one task was computed and settled. The worker has one slot then.
	Once bool
	// AckWait is the server's redelivery timer; 0 = 30 s. Heartbeats are sent every sixth of it.
	AckWait time.Duration
	// DrainTimeout bounds the time from the end of Run's context to Run's return; 0 = 25 s.
	// Computations may continue for half of it.
	DrainTimeout time.Duration
	// Budget is the CPU time for one number of a task that names none; 0 = what the kind says if it is a
	// Budgeter, else 30 s.
	Budget time.Duration
	// Grace is how long a number may take beyond 40 times its budget before its computation is
	// interrupted; 0 = 30 s. See limit.
	Grace time.Duration
	// CPU returns the CPU time of the process. It bounds how much of the wall-clock time counts as that of the
	// numbers at hand, see timeLocked; nil = all of it counts.
	CPU func() time.Duration
	// StoreEvery is after how long the finished numbers of a task that still runs are stored; 0 = 5 s.
	StoreEvery time.Duration
	// MaxMemory is how many bytes of heap the whole process may use before a computation is
	// interrupted; 0 = no limit.
	MaxMemory uint64
	// Numbers of more digits than MaxDigits are handed back for another worker, and those of more than MemoryDigits
	// unless Delivery.Anywhere says that no other one is there; 0 = no limit.
	MaxDigits, MemoryDigits int
	// Announce tells supervisors that the worker is about to begin a redelivered task of one number, which may kill
	// it. running returns all such tasks that run, the new one first: Announce calls it while it sends no other
	// announcement, so that the last one is complete. Announce is called from several goroutines, and returns within
	// a second or two; nil = they are not told.
	Announce func(running func() []task.Address)
	// Ledger counts the processes that died of a task; nil = the server's count of deliveries
	// decides alone.
	Ledger Ledger
	// Recorder counts what the worker does; nil = nothing does.
	Recorder Recorder
	// Kinds are the kinds of tasks that this worker can compute, by name. It returns all others.
	Kinds map[string]Kind
	// Parts are the kinds of the tasks of parts that this worker can compute, by name. It drops all others.
	Parts map[string]PartKind
	Log   zerolog.Logger
}

// defaultBudget is the CPU time for one number if neither task nor kind nor Config names one.
const defaultBudget = 30 * time.Second

func (c Config) withDefaults() Config {
	c.Slots = cmp.Or(max(c.Slots, 0), runtime.GOMAXPROCS(0))
	if c.Once {
		c.Slots = 1
	}
	c.AckWait = cmp.Or(max(c.AckWait, 0), 30*time.Second)
	c.DrainTimeout = cmp.Or(max(c.DrainTimeout, 0), 25*time.Second)
	c.Budget = max(c.Budget, 0)
	c.Grace = cmp.Or(max(c.Grace, 0), 30*time.Second)
	c.StoreEvery = cmp.Or(max(c.StoreEvery, 0), 5*time.Second)
	if c.Recorder == nil {
		c.Recorder = nothing{}
	}
	return c
}
