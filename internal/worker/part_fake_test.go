package worker

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// scriptPart yields one coefficient a second, and does what the first byte of the parameters says besides. For a task of
// curves that is the seed.
type scriptPart struct {
	release chan struct{} // closed by the test
}

// The first bytes of the parameters.
const (
	sieveWell   = 'w'
	sievePanics = 'p'
	sieveFails  = 'f'
	sieveHangs  = 'h' // does not tick, ends when release is closed
	sieveQuick  = 'q' // yields ten times a second
	sieveFast   = 'F' // yields as fast as it may
	sieveOver   = 'o' // ticks, ends with its context
	sieveOther  = 'v' // is of another version
)

// Limit implements PartKind.
func (k scriptPart) Limit(*task.Task) time.Duration { return task.MaxSieveTime }

// RunPart implements PartKind.
func (k scriptPart) RunPart(ctx context.Context, t *task.Task, r task.Range, o PartOptions) error {
	how, d, kind := byte(0), time.Duration(0), t.Kind
	if t.Curves != nil {
		how, d = byte(t.Curves.Seed), t.Curves.Time
	} else {
		how, d = t.Sieve.Params[0], t.Sieve.Time
	}
	switch how {
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
	o.Progress(NumberProgress{Digits: 90, Method: kind, Cores: 1})
	each := 20 // of 50 ms
	if how == sieveQuick {
		each = 2
	}
	if how == sieveFast {
		each = 0
	}
	for at, end := r.First, time.Now().Add(d); time.Now().Before(end) && at < r.End(); at++ {
		for range each {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(50 * time.Millisecond):
				o.Tick()
			}
		}
		o.Yield(task.Range{First: at, Count: 1}, task.Yield{Params: 7, CPU: time.Second, Relations: []byte("relations")})
		if o.Stop() {
			return nil
		}
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
	if err != nil || y.Kind != task.KindSieve && y.Kind != task.KindECM || y.Worker != "w1" || y.Version != "1.2.3" || y.Params != 7 || string(y.Relations) != "relations" {
		return o.fakeOutbox.Result(ctx, job, r, payload)
	}
	if err := o.wait(ctx); err != nil {
		return err
	}
	name := "yield"
	if y.Kind == task.KindECM {
		name = "yield of curves"
	}
	o.journal.add("%s %s %v", name, job, r)
	return nil
}

// newSieveRig is newRig with kinds of parts.
func newSieveRig(t *testing.T, slots int) (*rig, *yieldBox) {
	r := newRig(t, slots)
	box := &yieldBox{fakeOutbox: r.outbox}
	r.Worker.outbox = box
	r.Worker.config.Parts = map[string]PartKind{task.KindSieve: scriptPart{r.kind.release}, task.KindECM: scriptPart{r.kind.release}}
	return r, box
}

// curvesTask returns a delivery of a task of curves of the part "cpart".
func (r *rig) curvesTask(first uint64, how byte, d time.Duration) *Delivery {
	c := nat.FromBig(new(big.Int).Lsh(big.NewInt(1), 500))
	t := &task.Task{Kind: task.KindECM, Curves: &task.CurvesTask{Composite: c, B1: 100, B2: 1000, Seed: uint64(how), Time: d}}
	delivery := r.sieveTask(first, how, d)
	delivery.Data = t.Encode()
	return delivery
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
