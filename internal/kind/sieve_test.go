package kind

import (
	"bytes"
	"context"
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/factor"
	"factorfleet/internal/factor/kernels/kernelstest"
	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// sieveParams returns the parameters for a product of two primes of so many bits together, and their encoding.
func sieveParams(t *testing.T, bits int) (siqs.Params, []byte) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(bits), 14))
	n := new(big.Int).Mul(randomPrime(r, bits/2), randomPrime(r, bits/2))
	p, err := siqs.NewParams(func() error { return nil }, n)
	if err != nil {
		t.Fatal(err)
	}
	return p, p.Append(nil)
}

// A yieldList collects yields, and checks that they cover a range in order without gaps.
type yieldList struct {
	t      *testing.T
	next   uint64
	yields []task.Yield
	ranges []task.Range
}

// options returns options for one call of Sieve that begins at first.
func (l *yieldList) options(first uint64) worker.PartOptions {
	l.next = first
	return worker.PartOptions{
		Tick: func() {}, Ready: func() bool { return true }, Stop: func() bool { return false },
		Yield: func(r task.Range, y task.Yield) {
			if r.First != l.next || r.Count == 0 {
				l.t.Errorf("yield of %v, want one from %d on", r, l.next)
			}
			l.next = r.End()
			l.yields, l.ranges = append(l.yields, y), append(l.ranges, r)
		},
	}
}

// TestSieve: the yields of a sieve task cover its range, hold, and split the number.
func TestSieve(t *testing.T) {
	p, params := sieveParams(t, 100)
	alive := func() error { return nil }
	var set siqs.Set
	if err := set.Reset(alive, p); err != nil {
		t.Fatal(err)
	}
	k := newSiever(factor.NewPool(1, 1<<30))
	task1 := &task.SieveTask{Params: params, Time: time.Minute}
	for first := uint64(0); set.Have() < set.Need(); first += 16 {
		l := &yieldList{t: t}
		if err := k.RunPart(t.Context(), &task.Task{Sieve: task1}, task.Range{First: first, Count: 16}, l.options(first)); err != nil {
			t.Fatal(err)
		}
		if l.next != first+16 {
			t.Fatalf("yields end at %d, want %d", l.next, first+16)
		}
		for i, y := range l.yields {
			if _, err := set.AddYield(y.Relations, l.ranges[i].First, l.ranges[i].End()); err != nil || y.Params != p.Sum() || y.CPU <= 0 || y.Wall <= 0 {
				t.Fatalf("yield of %v: %v, %+v", l.ranges[i], err, y)
			}
		}
	}
	if d, err := set.Solve(alive); err != nil || d == nil || new(big.Int).Mod(p.N, d).Sign() != 0 {
		t.Errorf("divisor %v, %v", d, err)
	}
}

// TestSieveAtEachLevel: workers of all levels of kernels publish the same bytes for the same coefficients.
func TestSieveAtEachLevel(t *testing.T) {
	_, params := sieveParams(t, 200)
	var first []task.Yield
	kernelstest.Each(t, func(t *testing.T) {
		l := &yieldList{t: t}
		k := newSiever(nil)
		if err := k.RunPart(t.Context(), &task.Task{Sieve: &task.SieveTask{Params: params, Time: time.Minute, Flush: time.Hour}}, task.Range{First: 1 << 20, Count: 6}, l.options(1<<20)); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = l.yields
		}
		if len(l.yields) != 1 || len(first) != 1 || len(first[0].Relations) < 1000 || !bytes.Equal(l.yields[0].Relations, first[0].Relations) {
			t.Errorf("%d yields, the relations differ from those of another level", len(l.yields))
		}
	})
}

// TestSieveEnds: a sieve task ends soon after its time, at the end of its range or of the coefficients, and within a few
// ticks of the end of its context. What is complete by then is published.
func TestSieveEnds(t *testing.T) {
	p, params := sieveParams(t, 200)
	k := newSiever(factor.NewPool(1, 1<<30))
	l := &yieldList{t: t}
	if err := k.RunPart(t.Context(), &task.Task{Sieve: &task.SieveTask{Params: params}}, task.Range{First: 0, Count: 4096}, l.options(0)); err != nil || l.next != 1 {
		t.Errorf("without time: %v, %d coefficients", err, l.next)
	}
	last := p.Coefficients() - 2
	l = &yieldList{t: t}
	if err := k.RunPart(t.Context(), &task.Task{Sieve: &task.SieveTask{Params: params, Time: time.Minute}}, task.Range{First: last, Count: 4096}, l.options(last)); err != nil || l.next != p.Coefficients() {
		t.Errorf("at the last coefficients: %v, up to %d of %d", err, l.next, p.Coefficients())
	}

	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	l = &yieldList{t: t}
	o := l.options(0)
	after := 0
	o.Tick = func() {
		if ctx.Err() != nil {
			after++
		}
	}
	store := o.Yield
	o.Yield = func(r task.Range, y task.Yield) { store(r, y); cancel(cause) }
	err := k.RunPart(ctx, &task.Task{Sieve: &task.SieveTask{Params: params, Time: time.Hour}}, task.Range{First: 0, Count: 4096}, o)
	if err != cause || l.next == 0 || l.next > 4000 || after > 3 {
		t.Errorf("returned %v after %d coefficients, with %d more ticks", err, l.next, after)
	}
}

// TestSieveHostile: parameters that no program makes are refused, and all memory is given back.
func TestSieveHostile(t *testing.T) {
	p, params := sieveParams(t, 120)
	memory, _, _ := p.Memory()
	other := p
	other.Hash++
	newer := bytes.Clone(params)
	newer[0]++
	for name, test := range map[string]struct {
		params []byte
		first  uint64
		memory uint64
		want   error // nil: any
	}{
		"no parameters":   {params: nil},
		"garbage":         {params: bytes.Repeat([]byte{1}, 100)},
		"cut off":         {params: params[:len(params)-1]},
		"another version": {params: newer, want: siqs.ErrRevision},
		"another base":    {params: other.Append(nil), want: siqs.ErrParams},
		"beyond":          {params: params, first: p.Coefficients()},
		"little memory":   {params: params, memory: memory - 1, want: errNoRoom},
		"no memory":       {params: params, memory: p.SharedMemory() - 1, want: errNoRoom},
	} {
		if test.memory == 0 {
			test.memory = 1 << 30
		}
		pool := factor.NewPool(1, test.memory)
		k := newSiever(pool)
		l := &yieldList{t: t}
		err := k.RunPart(t.Context(), &task.Task{Sieve: &task.SieveTask{Params: test.params, Time: time.Second}}, task.Range{First: test.first, Count: 16}, l.options(test.first))
		if err == nil || len(l.yields) > 0 || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: %v, %d yields", name, err, len(l.yields))
		}
		if other := test.want == siqs.ErrRevision || test.want == siqs.ErrParams; other && !errors.Is(err, worker.ErrUnsupported) {
			t.Errorf("%s: %v does not say that it is unsupported", name, err)
		}
		if test.want == siqs.ErrParams && len(k.bases.list) > 0 {
			t.Errorf("%s: a base that could not be made is kept", name)
		}
		k.bases.dropLocked(0)
		if !pool.Fits(test.memory) || pool.Idle() != 1 {
			t.Errorf("%s: not all memory or cores are given back", name)
		}
	}
}

// TestSieveRevision: workers state the revision of their sieve.
func TestSieveRevision(t *testing.T) {
	if siqs.Revision != task.SieveRevision {
		t.Errorf("the sieve has revision %d, and workers state %d", siqs.Revision, task.SieveRevision)
	}
}

// TestSieveIsDue: yields are published at most every leastFlush, and not while earlier ones wait. A task ends after
// task.MaxSieveTime whatever it says.
func TestSieveIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ready, others := true, false
		o := worker.PartOptions{Ready: func() bool { return ready }, Stop: func() bool { return others }}
		r := newPartRun(o, nil, time.Now(), time.Hour, 0)
		check := func(when string, wantFlush, wantStop bool) {
			t.Helper()
			if flush, stop := r.due(); flush != wantFlush || stop != wantStop {
				t.Errorf("%s: flush %v, stop %v", when, flush, stop)
			}
		}
		check("at the start", false, false)
		time.Sleep(leastFlush - 1)
		check("before leastFlush", false, false)
		time.Sleep(1 * time.Nanosecond)
		check("after leastFlush", true, false)
		ready = false
		check("while others wait", false, false)
		time.Sleep(task.MaxSieveTime)
		check("at the end", false, true)
		r = newPartRun(o, nil, time.Now(), time.Second, 10*time.Second)
		ready = true
		time.Sleep(time.Second)
		check("at the end of a short task", false, true)
		r = newPartRun(o, nil, time.Now(), time.Second, 10*time.Second)
		others = true
		check("for an ordinary task", false, true)
	})
}

// BenchmarkSieveTask compares a sieve task of 64 coefficients of a number of 265 bits with the bare sieve. The factor
// base is made before.
func BenchmarkSieveTask(b *testing.B) {
	r := rand.New(rand.NewPCG(265, 14))
	alive := func() error { return nil }
	p, err := siqs.NewParams(alive, new(big.Int).Mul(randomPrime(r, 132), randomPrime(r, 133)))
	if err != nil {
		b.Fatal(err)
	}
	const count = 64
	// measured reports the CPU time of f.
	measured := func(b *testing.B, f func()) {
		m := factor.NewMeter(nil)
		m.Begin()
		defer m.End()
		for b.Loop() {
			f()
		}
		b.ReportMetric(float64(m.Read().Milliseconds())/float64(b.N), "cpu-ms/op")
	}
	b.Run("task", func(b *testing.B) {
		k := newSiever(nil)
		size := 0
		o := worker.PartOptions{
			Tick: func() {}, Ready: func() bool { return true }, Stop: func() bool { return false },
			Yield: func(_ task.Range, y task.Yield) { size += len(y.Encode()) },
		}
		t := &task.SieveTask{Params: p.Append(nil), Time: time.Minute, Flush: time.Second}
		measured(b, func() {
			if err := k.RunPart(b.Context(), &task.Task{Sieve: t}, task.Range{First: 1000, Count: count}, o); err != nil {
				b.Fatal(err)
			}
		})
		b.ReportMetric(float64(size)/float64(b.N), "bytes/op")
	})
	b.Run("bare", func(b *testing.B) {
		var s siqs.Sieve
		if err := s.Reset(alive, p); err != nil {
			b.Fatal(err)
		}
		found := 0
		measured(b, func() {
			if err := s.Collect(alive, 1000, 1000+count, func(*siqs.Relation) bool { found++; return true }); err != nil {
				b.Fatal(err)
			}
		})
		b.ReportMetric(float64(found)/float64(b.N), "relations/op")
	})
}
