package test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/factor"
	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestHostileCurves: whatever workers do with their credentials while another one runs curves on a number, only curves
// count that were run, those that send what can be refuted are quarantined or named, and the number gets its answer. The
// worker that has the number is hostile, too: it never answers, and claims levels of curves that nobody has run.
func TestHostileCurves(t *testing.T) {
	t.Parallel()
	f := besiege(t, siegeAckWait)
	p, n := twoFactors(t, 200, 197)
	x := &curvesTarget{campaignTarget: campaignTarget{job: "j", n: nat.FromBig(n)}, p: p, began: time.Now()}
	x.child = task.ChildID("j", 0, x.n)
	release := f.holdsNumber(&x.campaignTarget, 1000*time.Hour,
		map[string]any{"b1": 11_000_000, "done": 4000, "total": 4480, "cores": 256})
	f.submit("j", "--campaign always --budget 10m", n.String())
	f.expect("mallory names the number", func() bool { return f.owner("j") == "mallory" })
	f.honest("worker-1", "-n 1")
	f.expect("curves begin", func() bool { return strings.Contains(f.stderr.String(), "run curves on a composite") })
	attacks := []curvesAttack{
		{"forged", x.forged, quarantined},
		{"copied", x.copied, quarantined},
		{"bounds", x.otherBounds, quarantined},
		{"divisors", x.noDivisors, quarantined},
		{"flood", x.flood, named},
		{"far", x.far, nil},
	}
	for _, a := range attacks {
		run(t, "embedded", "keys add worker "+a.name, arguments("--secure", f.keys)).wantCode(0)
		defer f.attackAs(a.name, a.step())()
	}
	for _, a := range attacks {
		var c charge
		if a.want != nil {
			f.expect(a.name+" is named", func() bool { c = f.charge(a.name); return a.want(&c) })
		}
		t.Logf("%s: %d strikes, quarantined %v, complaints %s", a.name, len(c.Strikes), c.Quarantined != nil, c.Complaints)
	}
	x.find(f)
	if c := f.charge("worker-1"); len(c.Strikes) > 0 || c.Quarantined != nil {
		t.Errorf("worker-1 has %d strikes, complaints %s", len(c.Strikes), c.Complaints)
	}
	close(release)
	f.answers("j", n.String()+"\n")
	f.noParts()
}

// twoFactors returns a random prime of some bits, and its product with another one.
func twoFactors(t *testing.T, bits, other int) (p, n *big.Int) {
	t.Helper()
	p, err := rand.Prime(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	q, err := rand.Prime(rand.Reader, other)
	if err != nil {
		t.Fatal(err)
	}
	return p, new(big.Int).Mul(p, q)
}

// A curvesAttack is what one hostile worker does again and again.
type curvesAttack struct {
	name string
	step func() func(*mallory)
	want func(*charge) bool // what is held against the worker in the end; nil = nothing has to be
}

// A curvesTarget is a campaign of curves under attack.
type curvesTarget struct {
	campaignTarget
	p     *big.Int // a divisor
	began time.Time
}

// holdsNumber has mallory take the only number and say that it runs curves on it, with the given claims, until release is
// closed. Then it hands the number back.
func (f *siege) holdsNumber(x *campaignTarget, left time.Duration, claims map[string]any) (release chan struct{}) {
	release = make(chan struct{})
	var held *nats.Msg
	f.attack(func(m *mallory) {
		if held == nil {
			if got := m.pull(1, 100*time.Millisecond); len(got) > 0 {
				held = got[0]
			}
			return
		}
		select {
		case <-release:
			m.settle(held, "-NAK")
			m.beat("x", map[string]any{"ecm": true, "state": "draining"})
			return
		default:
		}
		m.settle(held, "+WPI")
		a := x.activity("j", 0, x.n.Big(), left)
		a["method"] = "ecm"
		maps.Copy(a, claims)
		m.beat("x", map[string]any{"ecm": true, "busy": 1, "held": 1, "holding": []string{"j.0-1.0"}, "activities": []map[string]any{a}})
	})
	return release
}

// find has a worker send the divisor, and checks that no level counts that nobody can have run.
func (x *curvesTarget) find(f *siege) {
	f.t.Helper()
	run(f.t, "embedded", "keys add worker finder", arguments("--secure", f.keys)).wantCode(0)
	m := f.hostile("finder")
	x.send(m, task.Range{First: 0, Count: 1}, task.Yield{Divisor: nat.FromBig(x.p)})
	m.flush()
	jobs, err := f.admin().KeyValue(f.t.Context(), schema.BucketJobs)
	if err != nil {
		f.t.Fatal(err)
	}
	var part *task.Part
	f.expect("the divisor is known", func() bool {
		if e, err := jobs.Get(f.t.Context(), "part.j."+x.child); err == nil {
			part, err = task.DecodePart(e.Value())
			return err == nil && len(part.Divisors) == 1
		}
		return false
	})
	// In the first minute no claim of the owner is believed so far that the honest worker gets to B1 = 3,000,000. Its one
	// core runs fewer than two such curves a second from then on.
	most := uint64(2 * max(0, time.Since(x.began)-time.Minute).Seconds())
	for _, l := range part.Effort {
		f.t.Logf("%d curves of B1=%d count", l.Curves, l.B1)
		if l.B1 >= 3_000_000 && l.Curves > most || l.B1 >= 11_000_000 && l.Curves > 0 {
			f.t.Errorf("%d curves of B1=%d count, which nobody has run", l.Curves, l.B1)
		}
	}
}

// send stores a yield of m.
func (x *curvesTarget) send(m *mallory, r task.Range, y task.Yield) {
	y.Kind, y.Worker, y.Version, y.Params = task.KindECM, m.name, "1", ecm.Revision
	m.send(schema.ResultSubject(x.child, r, m.name), y.Encode())
}

// taking returns a step that takes one task of curves, settles it at once, and passes it to do again and again.
func (x *curvesTarget) taking(do func(m *mallory, r task.Range, c *task.CurvesTask)) func(*mallory) {
	var curves *task.CurvesTask
	var r task.Range
	return func(m *mallory) {
		if curves != nil {
			do(m, r, curves)
			m.flush()
			time.Sleep(50 * time.Millisecond)
			return
		}
		m.pulls++
		body := []byte(`{"batch":1,"expires":300000000}`)
		subject := "$JS.API.CONSUMER.MSG.NEXT." + schema.StreamTasks + ".workers-hi"
		if m.nc.PublishRequest(subject, fmt.Sprint(schema.InboxOf(m.name), ".tasks.", m.pulls), body) != nil {
			return
		}
		msg, err := m.tasks.NextMsg(time.Second)
		if err != nil || msg.Header.Get("Status") != "" {
			return
		}
		m.settle(msg, "+ACK")
		if at, t := tasked(msg); t != nil {
			r, curves = at.Range, t.Curves
		}
	}
}

// forged has a yield for each group of a task, the evidence of which is invented.
func (x *curvesTarget) forged() func(*mallory) {
	at := uint64(0)
	return x.taking(func(m *mallory, r task.Range, c *task.CurvesTask) {
		y := task.Yield{B1: c.B1, Evidence: make([]byte, task.GroupEvidence)}
		rand.Read(y.Evidence)
		x.send(m, task.Range{First: r.First + at%r.Count, Count: 1}, y)
		at++
	})
}

// copied runs the first group of a task, and sends its evidence for more and more others.
func (x *curvesTarget) copied() func(*mallory) {
	var known []byte
	count := uint64(1)
	return x.taking(func(m *mallory, r task.Range, c *task.CurvesTask) {
		if known == nil {
			curves := factor.CurveTask{N: x.n.Big(), B1: c.B1, B2: c.B2, Seed: c.Seed}
			never := func() (flush, stop bool) { return false, false }
			curves.Run(func() error { return nil }, r.First, r.First+1, never, func(y ecm.Yield) { known = append(known, y.Evidence...) })
		}
		y := task.Yield{B1: c.B1, Evidence: bytes.Repeat(known, int(count))}
		x.send(m, task.Range{First: r.First, Count: count}, y)
		count = min(count+1, r.Count)
	})
}

// otherBounds has evidence of curves with other bounds than those of the task.
func (x *curvesTarget) otherBounds() func(*mallory) {
	at := uint64(0)
	return x.taking(func(m *mallory, r task.Range, c *task.CurvesTask) {
		x.send(m, task.Range{First: r.First + at%r.Count, Count: 1}, task.Yield{B1: c.B1 / 2, Evidence: make([]byte, task.GroupEvidence)})
		at++
	})
}

// noDivisors has divisors that are none.
func (x *curvesTarget) noDivisors() func(*mallory) {
	at := uint64(0)
	return func(m *mallory) {
		n := x.n.Big()
		for _, d := range []*big.Int{big.NewInt(1), big.NewInt(6), n, new(big.Int).Add(x.p, big.NewInt(2)), new(big.Int).Mul(n, big.NewInt(3)), new(big.Int).Lsh(n, 4000)} {
			x.send(m, task.Range{First: at, Count: 1}, task.Yield{B1: 11e3, Evidence: make([]byte, task.GroupEvidence), Divisor: nat.FromBig(d), Sigma: 9})
			at++
		}
		m.flush()
		time.Sleep(100 * time.Millisecond)
	}
}

// flood has yields of the largest size, for groups that are not issued.
func (x *curvesTarget) flood() func(*mallory) {
	at := uint64(1) << 40
	return func(m *mallory) {
		if at > 1<<40+150<<10 {
			time.Sleep(50 * time.Millisecond)
		}
		for range 5 {
			y := task.Yield{B1: 11e3, Evidence: make([]byte, task.MaxYieldEvidence), Relations: make([]byte, task.MaxYieldRelations-task.MaxYieldEvidence)}
			x.send(m, task.Range{First: at, Count: 1024}, y)
			at += 1024
		}
		m.flush()
	}
}

// far has yields of groups at the end of all, and of more than there are.
func (x *curvesTarget) far() func(*mallory) {
	at := uint64(task.MaxPosition - 1<<20)
	return func(m *mallory) {
		x.send(m, task.Range{First: at, Count: 16}, task.Yield{B1: 11e3, Evidence: make([]byte, 16*task.GroupEvidence)})
		x.send(m, task.Range{First: 0, Count: task.MaxPosition - 1}, task.Yield{B1: 11e3, Evidence: make([]byte, 16*task.GroupEvidence)})
		at += 16
		time.Sleep(20 * time.Millisecond)
	}
}
