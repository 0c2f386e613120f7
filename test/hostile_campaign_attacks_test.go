package test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// What hostile workers do in TestHostileCampaign.

// spread returns different coefficients, one for each call, of those that are reserved first.
func (m *mallory) spread() uint64 {
	m.pulls++
	return uint64(m.pulls) * 16
}

func falseRelations(x *campaignTarget, m *mallory) {
	_, y := x.relations() // of another coefficient
	x.yield(m, task.Range{First: m.spread(), Count: 3}, y)
	time.Sleep(100 * time.Millisecond)
}

func noYields(x *campaignTarget, m *mallory) {
	m.send(schema.ResultSubject(x.child, task.Range{First: m.spread(), Count: 3}, m.name), []byte("no yield"))
	time.Sleep(100 * time.Millisecond)
}

func emptyYields(x *campaignTarget, m *mallory) {
	x.yield(m, task.Range{First: m.spread(), Count: 16}, nil)
	time.Sleep(50 * time.Millisecond)
}

// neverIssued has true relations at first, and then ranges at the end of the coefficients.
func neverIssued(x *campaignTarget, m *mallory) {
	at, y := x.relations()
	x.yield(m, task.Range{First: at, Count: 1 + m.spread()%4096}, y)
	x.yield(m, task.Range{First: x.params.Coefficients()/2 - m.spread(), Count: 8}, y)
	x.yield(m, task.Range{First: x.params.Coefficients() - 4, Count: 4096}, nil)
	x.yield(m, task.Range{First: task.MaxPosition - 5000, Count: 4096}, nil)
	time.Sleep(20 * time.Millisecond)
}

// yieldFlood has yields of the largest size, for coefficients that are not issued.
func yieldFlood(x *campaignTarget, m *mallory) {
	if m.pulls > 250 {
		time.Sleep(50 * time.Millisecond)
	}
	for range 5 {
		x.yield(m, task.Range{First: x.params.Coefficients()/2 - 16*m.spread(), Count: 16}, make([]byte, task.MaxYieldRelations))
	}
	m.flush()
}

// otherResults are results of another kind, or of another worker's name within.
func otherResults(x *campaignTarget, m *mallory) {
	m.answer(x.child, task.Range{First: m.spread(), Count: 1}, factors([]nat.Nat{x.n}, task.Prime))
	y := task.Yield{Kind: task.KindSieve, Worker: "worker-1", Version: "1", Params: x.params.Sum()}
	m.send(schema.ResultSubject(x.child, task.Range{First: m.spread(), Count: 1}, m.name), y.Encode())
	time.Sleep(100 * time.Millisecond)
}

// beat sends a heartbeat of an instance.
func (m *mallory) beat(instance string, more map[string]any) {
	status := map[string]any{"version": "1", "host": "h", "pid": 1, "state": "running", "sieves": true, "slots": 1, "started": time.Now()}
	for key, value := range more {
		status[key] = value
	}
	content, _ := json.Marshal(status)
	m.nc.Publish(schema.KeyPrefix(schema.BucketWorkers)+m.name+"."+instance, content)
	m.flush()
	time.Sleep(50 * time.Millisecond)
}

// activity is one of a heartbeat.
func (x *campaignTarget) activity(job string, position uint64, composite *big.Int, left time.Duration) map[string]any {
	return map[string]any{
		"job": job, "position": position, "composite": composite.String(), "digits": len(composite.String()), "method": "siqs", "cores": 1, "left_ns": left,
	}
}

// nonDivisors names numbers that do not divide the number, or are prime, and positions that do not exist.
func nonDivisors(x *campaignTarget, m *mallory) {
	m.pulls++
	list := make([]map[string]any, 8)
	for i := range list {
		k := int64(2*(8*m.pulls+i) + 2)
		list[i] = x.activity(x.job, 0, new(big.Int).Add(x.n.Big(), big.NewInt(k)), time.Hour)
	}
	list[7] = x.activity(x.job, 1<<40, x.n.Big(), time.Hour)
	m.beat(fmt.Sprint("x", m.pulls%64), map[string]any{"activities": list})
}

// everyComposite names the number of the job as its own, also with multiples and jobs that do not exist.
func everyComposite(x *campaignTarget, m *mallory) {
	m.beat("x", map[string]any{"slots": 8, "busy": 8, "activities": []map[string]any{
		x.activity(x.job, 0, x.n.Big(), 1),
		x.activity(x.job, 0, new(big.Int).Mul(x.n.Big(), big.NewInt(3)), time.Hour),
		x.activity(x.child, 0, x.n.Big(), time.Hour),
		x.activity("nothing", 0, x.n.Big(), time.Hour),
	}})
}

func manySlots(x *campaignTarget, m *mallory) {
	m.pulls++
	m.beat(fmt.Sprint("x", m.pulls%200), map[string]any{"slots": 4096})
}

// holdsSieves names sieve tasks that it does not have.
func holdsSieves(x *campaignTarget, m *mallory) {
	var names []string
	for i := range 60 {
		names = append(names, fmt.Sprintf("%s.%d-4096.0", x.child, i*4096))
	}
	m.beat("x", map[string]any{"slots": 60, "busy": 60, "held": 60, "holding": names})
}

func oldVersion(x *campaignTarget, m *mallory) { m.beat("x", map[string]any{"sieves": false}) }

// lettersOfChild are dead letters, failure records and returns for ranges of the child.
func lettersOfChild(x *campaignTarget, m *mallory) {
	for range 10 {
		r := task.Range{First: uint64(m.pulls%16) * 4096, Count: 4096}
		m.pulls++
		letter := []byte("{}")
		m.send(schema.DeadPrefix+x.child+"."+r.String()+"."+m.name, letter)
		m.send(fmt.Sprintf("%s%s.%s.0.%d.%s", schema.FailedPrefix, x.child, r, 1+m.pulls%5, m.name), letter)
		m.send(fmt.Sprintf("%s%s.%s.%d.%s", schema.ReturnsPrefix, x.child, r, m.pulls%5, m.name), (&task.Task{Kind: task.KindSieve}).Encode())
	}
	m.flush()
}

// eatSieves takes all sieve tasks that it gets, and acks one half at once.
func eatSieves(x *campaignTarget, m *mallory) {
	m.pulls++
	body := []byte(`{"batch":64,"expires":300000000}`)
	subject := "$JS.API.CONSUMER.MSG.NEXT." + schema.StreamTasks + ".workers-hi"
	if m.nc.PublishRequest(subject, fmt.Sprint(schema.InboxOf(m.name), ".tasks.", m.pulls), body) != nil {
		return
	}
	for i := 0; ; i++ {
		msg, err := m.tasks.NextMsg(time.Second)
		if err != nil || msg.Header.Get("Status") != "" {
			return
		}
		if i%2 == 0 {
			m.settle(msg, "+ACK")
		}
	}
}

// forgedOrders are hints and orders that only producers may send.
func forgedOrders(x *campaignTarget, m *mallory) {
	h := task.Hint{Job: x.job, Composite: x.n, Divisors: []nat.Nat{nat.New(3)}}
	for _, name := range []string{"worker-1", "worker-2"} {
		m.nc.PublishMsg(&nats.Msg{Subject: schema.HintPrefix + name, Data: h.Encode()})
	}
	m.nc.Publish("FACTOR.ctl.cancel."+x.child, nil)
	m.nc.Publish("FACTOR.ctl.finish."+x.job, nil)
	m.nc.Publish(schema.KeyPrefix(schema.BucketLeases)+fleet.DeclinedLease(x.child, "supervisor"), []byte(m.name))
	m.nc.Publish(schema.KeyPrefix(schema.BucketJobs)+"part."+x.job+"."+x.child, []byte("{}"))
	m.flush()
	time.Sleep(50 * time.Millisecond)
}
