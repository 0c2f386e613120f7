package campaign

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// auditIn returns the audit in outputs, nil if there is none, and checks its range.
func auditIn(t *testing.T, outs []Output) (found *Audit) {
	t.Helper()
	for _, o := range outs {
		if a, ok := o.(Audit); ok {
			if found != nil || a.Number < a.Yield.First || a.Number >= a.Yield.End {
				t.Fatalf("audits %+v", outs)
			}
			found = &a
		}
	}
	return found
}

// auditable returns a machine that does not end, after its replay.
func auditable(seed uint64) *Machine {
	m, _ := newTest(func(c *Config) {
		f := c.Fold.(*countFold)
		f.need, f.expected, c.Seed = 1e9, 1e9, seed
	})
	m.Step(Replayed{}, time.Time{})
	return m
}

// yieldOf returns a yield of 10 coefficients.
func yieldOf(worker, data string) Yield {
	return Yield{Worker: worker, First: 1 << 29, End: 1<<29 + 10, Data: []byte(data)}
}

// TestAudits: each new worker is audited, then one yield in 200, one at a time, at coefficients that a worker
// cannot predict.
func TestAudits(t *testing.T) {
	m := auditable(1)
	if auditIn(t, m.Step(yieldOf("h", "false"), time.Time{})) != nil {
		t.Error("a false yield is audited")
	}
	a := auditIn(t, m.Step(yieldOf("a", "1"), time.Time{}))
	if a == nil || a.Yield.Worker != "a" || string(a.Yield.Data) != "1" {
		t.Fatalf("%+v", a)
	}
	for range 1000 {
		if a := auditIn(t, m.Step(yieldOf("b", "1"), time.Time{})); a != nil {
			t.Fatalf("%+v at the same time as another", a)
		}
	}
	m.Step(Audited{Audit: *a}, time.Time{})
	if a = auditIn(t, m.Step(yieldOf("b", "1"), time.Time{})); a == nil || a.Yield.Worker != "b" {
		t.Fatalf("a new worker: %+v", a)
	}
	m.Step(Audited{Audit: *a}, time.Time{})
	const yields = 20000
	count, numbers := 0, make(map[uint64]bool)
	for i := range yields {
		if a := auditIn(t, m.Step(yieldOf([]string{"a", "b"}[i%2], ""), time.Time{})); a != nil {
			t.Fatalf("a yield that is no number is audited: %+v", a)
		}
		if a := auditIn(t, m.Step(yieldOf([]string{"a", "b"}[i%2], "0"), time.Time{})); a != nil {
			count++
			numbers[a.Number] = true
			m.Step(Audited{Audit: *a}, time.Time{})
		}
	}
	if count < yields/auditEvery/2 || count > 2*yields/auditEvery || len(numbers) != 10 {
		t.Errorf("%d of %d yields are audited, at %d of 10 coefficients", count, yields, len(numbers))
	}
}

// TestAuditSeed: the seed decides what is audited, so that a worker cannot know it.
func TestAuditSeed(t *testing.T) {
	choices := func(seed uint64) (list []int) {
		m := auditable(seed)
		for i := range 2000 {
			if a := auditIn(t, m.Step(yieldOf("a", "1"), time.Time{})); a != nil {
				list = append(list, i)
				m.Step(Audited{Audit: *a}, time.Time{})
			}
		}
		return list
	}
	if a, b := choices(1), choices(2); slices.Equal(a, b) || !slices.Equal(a, choices(1)) {
		t.Errorf("audits of %v and %v", a, b)
	}
}

// TestReplayIsNotAudited: a supervisor that takes over does not audit what is stored already.
func TestReplayIsNotAudited(t *testing.T) {
	m, _ := newTest(func(c *Config) { c.Fold.(*countFold).need = 1e9 })
	for i := range 100 {
		if a := auditIn(t, m.Step(yieldOf(fmt.Sprint("w", i), "1"), time.Time{})); a != nil {
			t.Fatalf("%+v", a)
		}
	}
}

// TestManyNames: what is remembered of workers is bounded.
func TestManyNames(t *testing.T) {
	m := auditable(1)
	now := time.Unix(1e9, 0)
	for i := range 3 * maxWorkers {
		now = now.Add(time.Millisecond)
		name := fmt.Sprint("w", i)
		if a := auditIn(t, m.Step(yieldOf(name, "1"), now)); a != nil {
			m.Step(Audited{Audit: *a}, now)
		}
	}
	if len(m.audits.workers) > maxWorkers || len(m.pace.workers) > maxWorkers {
		t.Errorf("%d and %d workers are remembered", len(m.audits.workers), len(m.pace.workers))
	}
}

// TestWithholding: a worker that withholds relations is audited until its strikes suffice, and one that
// begins to do so later is noticed by its few relations. Honest workers are seldom audited.
func TestWithholding(t *testing.T) {
	for _, test := range []struct{ name, first, later string }{
		{"from the beginning", "0", "0"},
		{"all later", "40", "0"},
		{"most later", "40", "9"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for seed := range uint64(8) {
				withhold(t, auditable(seed), test.first, test.later)
			}
		})
	}
}

// withhold has the worker w0 send a first yield and later ones, among those of two honest workers, until it has
// three strikes. All but the first withhold relations, and the first if it has none.
func withhold(t *testing.T, m *Machine, first, later string) {
	random := rand.New(rand.NewPCG(1, 1))
	strikes, honest, yields := 0, 0, 0
	for ; strikes < 3 && yields < 3000; yields++ {
		worker, data := fmt.Sprint("w", yields%3), "0"
		switch {
		case yields == 0:
			data = first
		case worker == "w0":
			data = later
		case random.IntN(4) == 0:
			data = "160" // of 10 coefficients; most are void
		}
		a := auditIn(t, m.Step(yieldOf(worker, data), time.Time{}))
		if a == nil {
			continue
		}
		in := Audited{Audit: *a}
		if worker != "w0" {
			honest++
		} else if yields > 0 || first == "0" {
			in.Missing = 5
		}
		for _, o := range m.Step(in, time.Time{}) {
			if o.(Refuse).Yield.Worker != "w0" {
				t.Fatalf("%+v", o)
			}
			strikes++
		}
	}
	if strikes < 3 || yields > 60 || honest > 4+yields/20 {
		t.Errorf("%d strikes after %d yields, %d audits of honest workers", strikes, yields, honest)
	}
}

// TestFew: less than half of the others' relations are few, for enough coefficients.
func TestFew(t *testing.T) {
	for _, test := range []struct {
		one, others harvest
		want        bool
	}{
		{harvest{coefficients: 64, relations: 310}, harvest{coefficients: 128, relations: 1280}, true},
		{harvest{coefficients: 64, relations: 330}, harvest{coefficients: 128, relations: 1280}, false},
		{harvest{coefficients: 63}, harvest{coefficients: 128, relations: 1280}, false},
		{harvest{coefficients: 64}, harvest{coefficients: 63, relations: 630}, false},
		{harvest{coefficients: 1 << 40}, harvest{}, false},
	} {
		a := newAudits(1)
		a.all = test.others
		a.all.add(test.one.coefficients, test.one.relations)
		if a.few(&test.one) != test.want {
			t.Errorf("%+v", test)
		}
	}
}
