package job

import (
	"context"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/stream"
)

// In a campaign many workers sieve one composite, or run curves on it if it is too large for the sieve. Its owner is the
// worker that has the ordinary task of the number. The owner keeps that task, names the composite in its heartbeats, and
// answers the number in the end. So a campaign can lose nothing: if all of it fails, the owner finishes alone.
//
//	heartbeats ──► campaigns.look ──► candidate ──► examine: does the composite divide the number, is it worth while?
//	                                                   │
//	                     Fleet.Hold of the part's lease ▼                    hints ──► owner
//	                                                conductor ──┬── tasks ────────► FACTOR_TASKS ──► workers
//	                                                   ▲        └── divisors ─────► the manifest of the part
//	                                                   └────────── yields ◄──────── FACTOR_RESULTS
//
// Package campaign has the rules. A conductor executes them: it has the part's lease, its own goroutine, the set of
// relations, and a goroutine for the linear algebra. If its process dies, another one takes the lease, reads the
// yields again, and continues. Of curves it reads no yields again: the effort is in the manifest.
//
// Each supervisor conducts the campaigns whose owner in the sense of rendezvous hashing it is. One that has too little
// memory for a campaign says so by a lease; the owner is then another one. A process that waits for
// its own job conducts the campaigns of that job while there is no supervisor.

// campaigns conducts the campaigns of a process. The goroutine of run owns all fields below the blank line, except
// those that are atomic or that mu guards.
type campaigns struct {
	f      *fleet.Fleet
	log    zerolog.Logger
	name   string                                               // of this process in leases
	mine   func(ctx context.Context, parent, child string) bool // whether this process conducts a campaign; called by run's goroutine
	memory uint64                                               // bytes that all sets and linear algebra may take
	every  time.Duration                                        // between two looks, and between two reports to a machine
	// decline leaves a campaign to other processes until ctx ends; nil = there are none.
	decline func(ctx context.Context, child string)

	registry   *fleet.Registry
	trust      *fleet.Trust
	candidates atomic.Pointer[map[string]*candidate] // by child; as of the last look
	group      sync.WaitGroup
	beginning  sync.Mutex // held by the goroutine that begins a campaign

	mu      sync.Mutex
	active  map[string]*candidate // guarded by mu; those that a goroutine of this process examines, waits for, or conducts
	later   map[string]time.Time  // guarded by mu; children that are not to be examined before
	used    uint64                // guarded by mu; of memory
	without int                   // guarded by mu; campaigns for which there is not enough memory, those that are declined
	parts   []string              // guarded by mu; all children in the fleet, sorted, as of partsAt
	working []string              // guarded by mu; those of parts that are not done
	partsAt time.Time             // guarded by mu

	loggedOld bool // guarded by mu; see logOld
}

const (
	campaignEvery  = time.Second
	maxCandidates  = 256              // of one look: workers may name any number of composites
	maxOfWorker    = 16               // of one worker, so that it does not keep out those of others
	maxCampaigns   = 16               // of one process
	maxOfNumber    = 4                // of one number, in one process
	maxOfOwner     = 4                // that one worker has named, in one process
	examineAgain   = 5 * time.Second  // before a composite is examined again for which no campaign began
	failedCampaign = 30 * time.Second // the same after an error
	withoutMemory  = 10 * time.Minute // the same if there was not enough memory, unless there is enough before
	maxDeclined    = 64               // campaigns that one process declines at once
)

// newCampaigns returns what conducts the campaigns of a process that has name in leases.
func newCampaigns(f *fleet.Fleet, log zerolog.Logger, name string, mine func(ctx context.Context, parent, child string) bool) *campaigns {
	return &campaigns{
		f: f, log: log, name: name, mine: mine, memory: math.MaxUint64, every: campaignEvery,
		active: make(map[string]*candidate), later: make(map[string]time.Time),
	}
}

// run conducts campaigns until ctx ends. Then all conductors have ended, and their leases are released.
func (c *campaigns) run(ctx context.Context) {
	defer c.group.Wait()
	var err error
	if c.registry, err = c.f.Registry(ctx); err == nil {
		c.trust, err = c.f.Trust(ctx)
	}
	if err != nil {
		if ctx.Err() == nil {
			c.log.Debug().Err(err).Msg("no campaigns for hard numbers: the workers are not known") // others report the cause
		}
		return
	}
	for stream.Sleep(ctx, c.every) == nil {
		c.look(ctx)
	}
}

// look begins to examine each new candidate.
func (c *campaigns) look(ctx context.Context) {
	found := candidatesOf(c.registry.Composites(c.trust.Quarantined))
	now := time.Now()
	remember(found, c.candidates.Load(), now)
	c.candidates.Store(&found)
	c.mu.Lock()
	maps.DeleteFunc(c.later, func(_ string, at time.Time) bool { return !now.Before(at) })
	c.mu.Unlock()
	for _, child := range slices.Sorted(maps.Keys(found)) {
		if x := found[child]; c.mine(ctx, x.Job, child) && c.enter(x) {
			c.group.Go(func() { c.attend(ctx, x) })
		}
	}
}

// enter reports whether a goroutine is to attend to a candidate now, and notes it. Of one number there are few at a
// time: the campaign of a factor lasts until the number has its answer, and a hostile worker may name many divisors. It
// may name many numbers, too.
func (c *campaigns) enter(x *candidate) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, wait := c.later[x.child]; wait || c.active[x.child] != nil || len(c.active) >= maxCampaigns {
		return false
	}
	ofNumber, ofOwner := 0, make(map[string]int)
	for _, y := range c.active {
		if y.Job == x.Job && y.Position == x.Position {
			ofNumber++
		}
		ofOwner[y.charged]++
	}
	y := *x
	for _, claim := range x.claims() { // the others are not kept out by one that names their numbers
		if y.charged == "" || ofOwner[claim.Worker] < ofOwner[y.charged] {
			y.charged = claim.Worker
		}
	}
	if ofNumber >= maxOfNumber || ofOwner[y.charged] >= maxOfOwner {
		return false
	}
	c.active[x.child] = &y
	return true
}

// leave notes that no goroutine attends to a candidate, for the time again at least.
func (c *campaigns) leave(child string, again time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.active, child)
	if len(c.later) < 4*maxCandidates {
		c.later[child] = time.Now().Add(again)
	}
}
