package kind

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/factor"
	"factorfleet/internal/task"
)

// TestBaseIsShared: slots that sieve one number have one factor base. It is kept for a minute, those of at most two
// numbers, and then its memory is free.
func TestBaseIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const memory = 1 << 30
		pool := factor.NewPool(4, memory)
		k := newSiever(pool)
		sieve := func(params []byte, first uint64) {
			l := &yieldList{t: t}
			if err := k.RunPart(t.Context(), &task.Task{Sieve: &task.SieveTask{Params: params, Time: time.Minute}}, task.Range{First: first, Count: 4}, l.options(first)); err != nil {
				t.Error(err)
			}
		}
		_, params := sieveParams(t, 110)
		var slots sync.WaitGroup
		for i := range uint64(4) {
			slots.Go(func() { sieve(params, 4*i) })
		}
		slots.Wait()
		kept := func() []*base {
			k.bases.mu.Lock()
			defer k.bases.mu.Unlock()
			return slices.Clone(k.bases.list)
		}
		made := kept()
		if len(made) != 1 || made[0].users != 0 {
			t.Fatalf("%d bases", len(made))
		}
		sieve(params, 100)
		if !slices.Equal(kept(), made) {
			t.Error("the base was made twice")
		}
		for _, bits := range []int{112, 114, 116} {
			_, others := sieveParams(t, bits)
			sieve(others, 0)
		}
		if n := len(kept()); n != keptBases {
			t.Errorf("%d bases are kept", n)
		}
		time.Sleep(keepBase + time.Second)
		synctest.Wait()
		if n := len(kept()); n != 0 || !pool.Fits(memory) {
			t.Errorf("%d bases are kept after a minute", n)
		}
	})
}
