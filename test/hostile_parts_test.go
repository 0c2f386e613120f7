package test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// poisonCampaigns stores parts that are none, of jobs that exist and of others, and sends sieve tasks and hints whose
// parameters are changed in one byte.
func poisonCampaigns(f *siege, nc *nats.Conn) {
	n := twoPrimes(f.t, 62)
	params, err := siqs.NewParams(func() error { return nil }, n)
	if err != nil {
		f.t.Fatal(err)
	}
	good := params.Append(nil)
	for _, job := range []string{"before", "after", "nothing"} {
		poisonParts(nc, job, n, good)
	}
	for i := range good {
		bad := append([]byte(nil), good...)
		bad[i] ^= byte(1 + rand.IntN(255))
		if i%(len(good)/4) == 0 { // a slot rests for two seconds after each
			poisonSieve(nc, task.ChildID("before", uint64(i), nat.FromBig(n)), bad)
		}
		h := task.Hint{
			Job: "before", Position: uint64(i % 100), Composite: nat.FromBig(n), Child: task.ChildID("before", uint64(i%100), nat.FromBig(n)),
			First: rand.Uint64N(task.MaxPosition), Params: bad, Divisors: []nat.Nat{nat.New(3), nat.New(uint64(i) + 2)},
		}
		nc.Publish(schema.HintPrefix+"worker-1", h.Encode())
		nc.Publish(schema.HintPrefix+"worker-1", h.Encode()[:i])
	}
	nc.Publish(schema.HintPrefix+"worker-1", []byte(strings.Repeat("[", 100_000)))
}

// poisonSieve queues a sieve task.
func poisonSieve(nc *nats.Conn, child string, params []byte) {
	at := task.Address{Class: task.ClassHi, Job: child, Range: task.Range{First: 0, Count: 4096}, Round: task.FirstRound}
	msg := nats.NewMsg(schema.TaskSubject(at))
	msg.Header.Set(task.SchemaHeader, task.Schema)
	msg.Data = (&task.Task{Kind: task.KindSieve, Sieve: &task.SieveTask{Params: params, Time: 20 * time.Millisecond}}).Encode()
	nc.PublishMsg(msg)
}

// poisonParts stores parts of a job.
func poisonParts(nc *nats.Conn, job string, n *big.Int, params []byte) {
	composite := nat.FromBig(n)
	for i, change := range []func(p *task.Part){
		func(p *task.Part) {},
		func(p *task.Part) { p.Schema = 99 },
		func(p *task.Part) { p.State = "poison" + terminal },
		func(p *task.Part) { p.State, p.Note = task.PartDone, terminal },
		func(p *task.Part) { p.State, p.Divisors = task.PartDone, []nat.Nat{nat.New(3)} },
		func(p *task.Part) { p.Params = []byte(terminal) },
		func(p *task.Part) { p.Params = params[:len(params)/2] },
		func(p *task.Part) { p.Next = task.MaxPosition - 1 },
		func(p *task.Part) { p.Class = "urgent" + terminal },
		func(p *task.Part) { p.Created = time.Now().AddDate(1000, 0, 0) },
	} {
		at := uint64(i)
		p := task.Part{
			Schema: 1, ID: task.ChildID(job, at, composite), Parent: job, Position: at, Class: task.ClassNorm, Composite: composite,
			State: task.PartSieve, Params: params, Created: time.Now(),
		}
		change(&p)
		put(nc, "part."+job+"."+p.ID, p.Encode())
	}
	for i, value := range []string{"", "{", "null", "[]", strings.Repeat("[", 10_000), strings.Repeat("x", 700<<10)} {
		put(nc, fmt.Sprint("part.", job, ".", task.ChildID(job, uint64(100+i), composite)), []byte(value))
		put(nc, fmt.Sprint("part.", job, ".x", i), []byte(value))
	}
	put(nc, "part."+job, []byte("{}"))
	put(nc, "part."+job+".a.b", []byte("{}"))
}
