package test

import (
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/sieving"
	"factorfleet/internal/task"
)

// A yieldRecord keeps all results of a fleet as they are published. They are counted in the end, because that takes time.
type yieldRecord struct {
	parts map[string]*task.Part // by id

	mu       sync.Mutex
	messages []*nats.Msg // guarded by mu
}

// A yieldCount counts the results of parts.
type yieldCount struct {
	messages     int
	bytes        uint64
	relations    int    // different ones
	coefficients uint64 // different ones
	again        uint64 // coefficients that were sieved once more
}

// recordYields records results from now on.
func (f *campaignFleet) recordYields() *yieldRecord {
	y := &yieldRecord{parts: make(map[string]*task.Part)}
	nc, _ := f.connect()
	sub, err := nc.Subscribe("FACTOR.results.>", func(m *nats.Msg) {
		y.mu.Lock()
		defer y.mu.Unlock()
		y.messages = append(y.messages, m)
	})
	if err == nil {
		err = sub.SetPendingLimits(-1, -1)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return y
}

// see notes a part, whose results can be counted then; nil = none.
func (y *yieldRecord) see(p *task.Part) {
	if p != nil {
		y.parts[p.ID] = p
	}
}

// count counts what was recorded.
func (y *yieldRecord) count(t testing.TB) (c yieldCount) {
	t.Helper()
	y.mu.Lock()
	defer y.mu.Unlock()
	alive := func() error { return nil }
	for _, p := range y.parts {
		plan, err := sieving.ParsePlan(p.Params, p.Composite.Big())
		if err != nil {
			t.Fatal(err)
		}
		all, err := plan.NewSet(alive)
		if err != nil {
			t.Fatal(err)
		}
		var seen task.Set
		for _, m := range y.messages {
			token := strings.Split(m.Subject, ".") // FACTOR.results.<part>.<range>.<worker>
			if token[2] != p.ID {
				continue
			}
			r, err := task.ParseRange(token[3])
			if err != nil {
				t.Fatal(err)
			}
			data, err := task.DecodeYield(m.Data)
			if err != nil {
				t.Fatal(err)
			}
			fresh, err := all.Fold(r.First, r.End(), data.Relations)
			if err != nil {
				t.Fatalf("%s: %v", m.Subject, err)
			}
			c.messages++
			c.bytes += uint64(len(m.Data))
			c.relations += fresh
			added := seen.Add(r)
			c.coefficients += added
			c.again += r.Count - added
		}
	}
	return c
}
