package execkind

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// maxTotal is the most bytes of the answers of one call of Run; one answer has task.MaxItem at most.
const maxTotal = 16 << 20

// idleTime is how long a process of mode server waits for its next item before it is stopped.
const idleTime = time.Minute

// noTimeout is the budget of a command without a time-out.
const noTimeout = 365 * 24 * time.Hour

var errClosed = errors.New("the worker ends")

// Cores counts the cores that computations of this process use, so that no other one borrows them: a command has a core
// from Enter to Leave. Neither call waits.
type Cores interface {
	Enter()
	Leave()
}

// A Kind is the kind "exec:NAME" of one command. It implements worker.Kind and worker.Budgeter.
type Kind struct {
	command     Command
	kind        string // "exec:NAME"
	worker      string
	cores       Cores
	environment []string // of all processes

	// Never changed, but by tests: idleTime, holdTime and killAfter.
	idle, hold, killAfter time.Duration

	mu      sync.Mutex // guards what follows
	slots   []*slot
	live    map[*process]bool // those that have not been reaped
	guard   *guard            // nil until the first process
	closed  bool
	waiters sync.WaitGroup // of live
}

// New returns the kind of a command that Check has accepted, for the worker of that name.
func New(c Command, worker string, cores Cores) *Kind {
	return &Kind{
		command: c, kind: task.ExecPrefix + c.Name, worker: worker, cores: cores, environment: inherited(),
		idle: idleTime, hold: holdTime, killAfter: killAfter, live: make(map[*process]bool),
	}
}

// Budget implements worker.Budgeter: the worker takes a number that needs many times as long for a hang.
func (k *Kind) Budget(nat.Nat) time.Duration { return cmp.Or(k.command.Timeout, noTimeout) }

// Run implements worker.Kind. The budget of the task, if it names one, bounds the wall-clock time of an item.
func (k *Kind) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	s := k.slot(o.Slot)
	s.mu.Lock()
	defer s.mu.Unlock()
	k.cores.Enter()
	defer k.cores.Leave()
	r := run{k: k, slot: s, ctx: ctx, o: o, done: done, from: len(*done), limit: k.limit(o.Budget), format: cmp.Or(o.Format, task.FormatLines)}
	r.separator = byte('\n')
	if r.format == task.FormatNUL {
		r.separator = 0
	}
	items, bad := r.items(numbers)
	if err := r.compute(items); err != nil || bad == nil {
		return err
	}
	return bad
}

// limit returns the wall-clock time of an item of a task with that budget; 0 = none.
func (k *Kind) limit(budget time.Duration) time.Duration {
	if budget <= 0 || k.command.Timeout > 0 && k.command.Timeout < budget {
		return k.command.Timeout
	}
	return budget
}

// compute has the items answered, in the mode of the command.
func (r *run) compute(items [][]byte) error {
	switch r.k.command.Mode {
	case Args:
		return r.runEach(items)
	case Server:
		return r.runServer(items)
	}
	return r.runLines(items)
}

// Close ends all processes and waits for them, for killAfter and killGrace at most. No process is started afterwards. No
// Run may run.
func (k *Kind) Close() error {
	k.mu.Lock()
	k.closed = true
	for p := range k.live {
		go p.terminate()
	}
	k.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		k.waiters.Wait()
	}()
	select {
	case <-ended:
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.guard != nil {
			k.guard.close()
			k.guard = nil
		}
		return nil
	case <-time.After(k.killAfter + killGrace):
		return fmt.Errorf("command %s: a process does not end although it was killed", k.command.Name)
	}
}

// A Set has the commands that a worker offers, by name.
type Set []Command

// Add adds c. An error says that there is one of that name.
func (s *Set) Add(c Command) error {
	if slices.ContainsFunc(*s, func(o Command) bool { return o.Name == c.Name }) {
		return fmt.Errorf("command %s is named twice", c.Name)
	}
	*s = append(*s, c)
	return nil
}

// Names returns the names in ascending order.
func (s Set) Names() (names []string) {
	for _, c := range s {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names
}

// Offers returns what a worker of these commands offers: task.ExecOffer of each name.
func (s Set) Offers() (offers []string) {
	for _, name := range s.Names() {
		offers = append(offers, task.ExecOffer(name))
	}
	return offers
}
