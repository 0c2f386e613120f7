package worker

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"factorfleet/internal/task"
)

// scriptSiever yields one coefficient a second, and does what the first byte of the parameters says besides.
type scriptSiever struct {
	release chan struct{} // closed by the test
}

// The first bytes of the parameters.
const (
	sieveWell   = 'w'
	sievePanics = 'p'
	sieveFails  = 'f'
	sieveHangs  = 'h' // does not tick, ends when release is closed
	sieveFast   = 'F' // yields as fast as it may
	sieveOver   = 'o' // ticks, ends with its context
	sieveOther  = 'v' // is of another version
)

func (k scriptSiever) Sieve(ctx context.Context, t *task.SieveTask, r task.Range, o SieveOptions) error {
	switch t.Params[0] {
	case sievePanics:
		panic("first line\nsecond line")
	case sieveOther:
		return fmt.Errorf("%w: revision 9", ErrUnsupported)
	case sieveFails:
		return errors.New("broken")
	case sieveHangs:
		<-k.release
		return context.Cause(ctx)
	case sieveOver:
		for ctx.Err() == nil {
			time.Sleep(50 * time.Millisecond)
			o.Tick()
		}
		return context.Cause(ctx)
	}
	o.Progress(NumberProgress{Digits: 90, Method: "sieve", Cores: 1})
	each := 20 // of 50 ms
	if t.Params[0] == sieveFast {
		each = 0
	}
	for at, end := r.First, time.Now().Add(t.Time); time.Now().Before(end) && at < r.End(); at++ {
		for range each {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(50 * time.Millisecond):
				o.Tick()
			}
		}
		o.Yield(task.Range{First: at, Count: 1}, task.Yield{Params: 7, CPU: time.Second, Relations: []byte("relations")})
	}
	return nil
}

// yieldBox is an outbox that takes yields in place of results.
type yieldBox struct {
	*fakeOutbox
	onWay, mostOnWay int // guarded by fakeOutbox.mu
}

// sent returns how many yields are on their way now, and how many have been at most.
func (o *yieldBox) sent() (now, most int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.onWay, o.mostOnWay
}

func (o *yieldBox) count(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.onWay += n
	o.mostOnWay = max(o.mostOnWay, o.onWay)
}

func (o *yieldBox) Result(ctx context.Context, job string, r task.Range, payload []byte) error {
	o.count(1)
	defer o.count(-1)
	y, err := task.DecodeYield(payload)
	if err != nil || y.Kind != task.KindSieve || y.Worker != "w1" || y.Version != "1.2.3" || y.Params != 7 || string(y.Relations) != "relations" {
		return o.fakeOutbox.Result(ctx, job, r, payload)
	}
	if err := o.wait(ctx); err != nil {
		return err
	}
	o.journal.add("yield %s %v", job, r)
	return nil
}

// newSieveRig is newRig with a siever.
func newSieveRig(t *testing.T, slots int) (*rig, *yieldBox) {
	r := newRig(t, slots)
	box := &yieldBox{fakeOutbox: r.outbox}
	r.Worker.outbox = box
	r.Worker.config.Siever = scriptSiever{r.kind.release}
	return r, box
}

// sieveTask returns a delivery of a sieve task of the part "cpart".
func (r *rig) sieveTask(first uint64, how byte, d time.Duration) *Delivery {
	t := &task.Task{Kind: task.KindSieve, Sieve: &task.SieveTask{Params: []byte{how}, Time: d, Flush: time.Second}}
	return &Delivery{
		Address: task.Address{
			Class: task.ClassNorm, Job: "cpart", Range: task.Range{First: first, Count: 4096}, Round: task.FirstRound,
		},
		Attempt: 1, Schema: task.Schema, Data: t.Encode(), Handle: &fakeHandle{journal: r.journal},
	}
}
