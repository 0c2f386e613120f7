package job

import (
	"errors"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/campaign"
	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// A byHand stores yields as a worker does, at moments that the test chooses.
type byHand struct {
	*campaignWorld
	params siqs.Params
	sieve  siqs.Sieve
	set    siqs.Set // of the relations of honest yields
}

// byHand waits until coefficients are issued, which nobody sieves but the test.
func (w *campaignWorld) byHand() *byHand {
	w.t.Helper()
	b := &byHand{campaignWorld: w}
	alive := func() error { return nil }
	var err error
	if b.params, err = siqs.DecodeParams(w.part.Params); err == nil {
		var shared *siqs.Shared
		if shared, err = siqs.NewShared(alive, b.params); err == nil {
			err = errors.Join(b.sieve.Use(alive, shared), b.set.Reset(alive, b.params))
		}
	}
	if err != nil {
		w.t.Fatal(err)
	}
	fleettest.Await(w.t, "coefficients are reserved", func() bool {
		p, err := w.Part(w.t.Context(), "j", w.part.ID)
		return err == nil && p.Next > 0
	})
	return b
}

// relations returns the yields of the coefficients first to end-1.
func (b *byHand) relations(first, end uint64, got func(r task.Range, relations []byte)) {
	b.t.Helper()
	never := func() (flush, stop bool) { return false, false }
	err := b.sieve.Yield(func() error { return nil }, first, end, never, func(from, to uint64, relations []byte) { got(task.Span(from, to), relations) })
	if err != nil && !errors.Is(err, siqs.ErrExhausted) {
		b.t.Fatal(err)
	}
}

// yield stores the yields of a worker for the coefficients first to end-1, after spoil has changed them.
func (b *byHand) yield(worker string, first, end uint64, spoil func(y *task.Yield)) {
	b.t.Helper()
	b.relations(first, end, func(r task.Range, relations []byte) {
		y := &task.Yield{Kind: task.KindSieve, Worker: worker, Params: b.params.Sum(), Relations: relations}
		if spoil != nil {
			spoil(y)
		} else if _, err := b.set.AddYield(relations, r.First, r.End()); err != nil {
			b.t.Fatal(err)
		}
		b.put(schema.ResultSubject(b.part.ID, r, worker), y.Encode())
	})
}

// stored returns how many yields of a worker are stored.
func (b *byHand) stored(worker string) (n int) {
	b.t.Helper()
	s, err := b.js.Stream(b.t.Context(), schema.StreamResults)
	if err != nil {
		b.t.Fatal(err)
	}
	info, err := s.Info(b.t.Context(), jetstream.WithSubjectFilter(schema.ResultsPrefix+"*.*."+worker))
	if err != nil {
		b.t.Fatal(err)
	}
	return len(info.State.Subjects)
}

// rest stores honest yields of the coefficients from first on, until there are enough relations.
func (b *byHand) rest(worker string, first uint64) {
	b.t.Helper()
	for ; b.set.Have() < b.set.Need()+64; first += 4 {
		b.yield(worker, first, first+4, nil)
	}
}

// found waits until a process knows relations, and returns its progress.
func found(t *testing.T, c *campaigns, child string, least int) (p fleet.CampaignProgress) {
	t.Helper()
	fleettest.Await(t, "relations", func() bool {
		var ok bool
		p, ok = c.f.OwnCampaign(child)
		return ok && p.Relations >= least
	})
	return p
}

// TestCampaignTakeOver: another process continues with the relations that are stored.
func TestCampaignTakeOver(t *testing.T) {
	t.Parallel()
	w := newCampaignWorld(t, 128, false)
	first, stop := w.conduct("first")
	b := w.byHand()
	at := uint64(0)
	for b.set.Have() < b.set.Need()/3 {
		b.yield("a", at, at+1, nil)
		at++
	}
	found(t, first, w.part.ID, b.set.Len())
	stop()
	second, _ := w.conduct("second")
	if got := found(t, second, w.part.ID, b.set.Len()); got.Relations != b.set.Len() {
		t.Errorf("%d relations, and %d after the take-over", b.set.Len(), got.Relations)
	}
	b.rest("a", at)
	w.checkDivisor()
	w.settle()
}

// TestCampaignLiars: whatever workers store for a part, the divisor is found, and false relations are strikes.
func TestCampaignLiars(t *testing.T) {
	t.Parallel()
	w := newCampaignWorld(t, 128, false)
	c, _ := w.conduct("s")
	b := w.byHand()
	at := uint64(0)
	next := func() uint64 { at += 16; return at - 16 }
	lies := map[string]func(y *task.Yield){
		"false": func(y *task.Yield) {
			y.Relations = append([]byte(nil), y.Relations...)
			y.Relations[len(y.Relations)/2] ^= 0x55
		},
		"cut":      func(y *task.Yield) { y.Relations = y.Relations[:len(y.Relations)-1] },
		"other":    func(y *task.Yield) { y.Worker = "honest" },
		"kind":     func(y *task.Yield) { y.Kind = task.KindFactor },
		"withheld": func(y *task.Yield) { y.Relations = nil },
	}
	for name, lie := range lies {
		for range fleet.MaxStrikes {
			first := next()
			b.yield(name, first, first+16, lie)
		}
	}
	for range fleet.MaxStrikes {
		b.put(schema.ResultSubject(w.part.ID, task.Range{First: next(), Count: 16}, "bytes"), []byte("no yield"))
	}
	harmless := map[string]func(y *task.Yield){
		"version": func(y *task.Yield) { y.Params++ },
	}
	for name, change := range harmless {
		for range 2 * fleet.MaxStrikes {
			first := next()
			b.yield(name, first, first+16, change)
		}
	}
	far := w.part.Next + 1<<30
	b.put(schema.ResultSubject(w.part.ID, task.Range{First: far, Count: 4}, "far"), (&task.Yield{Kind: task.KindSieve, Worker: "far", Params: b.params.Sum()}).Encode())
	quarantined := func(name string) bool { return c.trust.Quarantined(name) }
	for _, name := range []string{"false", "cut", "other", "kind", "bytes"} {
		fleettest.Await(t, name+" is quarantined", func() bool { return quarantined(name) })
	}
	b.rest("honest", at)
	w.checkDivisor()
	b.yield("late", at+64, at+80, func(*task.Yield) {})
	fleettest.Await(t, "late yields are removed", func() bool { return b.stored("late") == 0 })
	for _, name := range []string{"version", "far", "honest"} {
		if quarantined(name) {
			t.Errorf("%s is quarantined", name)
		}
	}
	w.settle()
}

// TestOthersOfSieveClass: one task of a user that waits behind those of a campaign in their class is not taken for
// one of them, so that the campaign gives way.
func TestOthersOfSieveClass(t *testing.T) {
	t.Parallel()
	w := newCampaignWorld(t, 110, false)
	c := newCampaigns(w.other(), zerolog.Nop(), "s", nil)
	var err error
	if c.registry, err = c.f.Registry(t.Context()); err == nil {
		c.trust, err = c.f.Trust(t.Context())
	}
	if err == nil {
		err = w.IssueSieve(t.Context(), w.part, []task.Range{{First: 0, Count: 64}, {First: 64, Count: 64}}, task.SieveTask{Params: w.part.Params})
	}
	if err != nil {
		t.Fatal(err)
	}
	fleettest.Await(t, "the owner is known", func() bool { return c.registry.SieveSlots(nil).All == 4 })
	d := &conductor{c: c, part: w.part, work: &sieveWork{}}
	if in, err := d.fleet(t.Context()); err != nil || in != (campaign.Fleet{Slots: 4, Queued: 2}) {
		t.Errorf("alone: %+v, %v", in, err)
	}
	w.putTask(task.Address{Class: fleet.SieveClass, Job: "other", Range: task.Range{First: 0, Count: 1}, Round: task.FirstRound}, &task.Task{Kind: task.KindFactor})
	if in, err := d.fleet(t.Context()); err != nil || in.Queued != 2 || !in.Others {
		t.Errorf("beside a task: %+v, %v", in, err)
	}
}
