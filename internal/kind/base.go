package kind

import (
	"bytes"
	"slices"
	"sync"
	"time"

	"factorfleet/internal/factor"
	"factorfleet/internal/factor/siqs"
)

const (
	// keptBases is how many factor bases that no task uses are kept: two campaigns may alternate.
	keptBases = 2
	// keepBase is how long a factor base is kept that no task uses. To make one again takes 0.3 s at 95 digits.
	keepBase = time.Minute
	// awaitBase is the time between two signs of life of a task that waits for another one to make a factor base.
	awaitBase = 20 * time.Millisecond
)

// bases has the factor bases of the numbers that this process sieves, one for each, whichever slots use it. Its methods
// may be called from several goroutines.
type bases struct {
	pool *factor.Pool

	mu   sync.Mutex
	list []*base // in the order in which they were last released or first used
}

// A base is the factor base of one number with its tables.
type base struct {
	params []byte // as encoded
	sum    uint64 // siqs.Params.Sum
	memory uint64 // bytes reserved of the pool

	made   chan struct{} // closed when shared or err is set
	shared *siqs.Shared
	err    error

	users int         // guarded by bases.mu
	idle  *time.Timer // drops it while there are no users; guarded by bases.mu
}

// use returns the factor base of p, whose encoding is params, and makes it if need be. The caller calls release. It
// calls alive every few milliseconds.
func (k *bases) use(alive func() error, p *siqs.Params, params []byte) (*base, error) {
	b, fresh := k.enter(p, params)
	if b == nil {
		return nil, errNoRoom
	}
	if fresh {
		k.fill(alive, b, p)
	}
	if err := b.await(alive); err != nil {
		k.release(b)
		return nil, err
	}
	return b, nil
}

// enter finds the factor base of params and counts a user more, or reserves the memory of a new one, which the caller
// fills. It returns nil if there is not enough memory.
func (k *bases) enter(p *siqs.Params, params []byte) (b *base, fresh bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, b := range k.list {
		if bytes.Equal(b.params, params) {
			b.users++
			b.stopIdle()
			return b, false
		}
	}
	k.dropLocked(keptBases - 1)
	memory := p.SharedMemory()
	if !k.pool.Reserve(memory) {
		k.dropLocked(0)
		if !k.pool.Reserve(memory) {
			return nil, false
		}
	}
	b = &base{params: bytes.Clone(params), sum: p.Sum(), memory: memory, made: make(chan struct{}), users: 1}
	k.list = append(k.list, b)
	return b, true
}

// fill makes the factor base of b. If that fails, or panics, b is of no use to later tasks.
func (k *bases) fill(alive func() error, b *base, p *siqs.Params) {
	b.err = siqs.ErrParams // if it panics
	defer close(b.made)
	b.shared, b.err = siqs.NewShared(alive, *p)
}

// await waits until b is made by another task, or alive returns an error.
func (b *base) await(alive func() error) error {
	for {
		select {
		case <-b.made:
			return b.err
		case <-time.After(awaitBase):
			if err := alive(); err != nil {
				return err
			}
		}
	}
}

// release ends a use of b.
func (k *bases) release(b *base) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if b.users--; b.users > 0 {
		return
	}
	if b.shared == nil {
		k.removeLocked(b)
		return
	}
	at := slices.Index(k.list, b)
	k.list = append(slices.Delete(k.list, at, at+1), b)
	k.dropLocked(keptBases)
	if b.users == 0 && slices.Contains(k.list, b) {
		b.idle = time.AfterFunc(keepBase, func() { k.drop(b) })
	}
}

// drop drops b unless a task uses it again.
func (k *bases) drop(b *base) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if b.users == 0 {
		k.removeLocked(b)
	}
}

// dropLocked drops bases without users, those first that were released first, until at most most are left.
func (k *bases) dropLocked(most int) {
	unused := 0
	for _, b := range k.list {
		if b.users == 0 {
			unused++
		}
	}
	for _, b := range slices.Clone(k.list) {
		if unused > most && b.users == 0 {
			k.removeLocked(b)
			unused--
		}
	}
}

// removeLocked takes b out of the list, if it is there, and gives its memory back.
func (k *bases) removeLocked(b *base) {
	at := slices.Index(k.list, b)
	if at < 0 {
		return
	}
	b.stopIdle()
	k.list = slices.Delete(k.list, at, at+1)
	k.pool.Release(b.memory)
}

// stopIdle keeps b for longer.
func (b *base) stopIdle() {
	if b.idle != nil {
		b.idle.Stop()
		b.idle = nil
	}
}
