package fleet_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nats.go/micro"
	"github.com/rs/zerolog"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// fill stores so many keys that the server sends each bucket in portions.
func (c *castle) fill() {
	c.t.Helper()
	for i := range 160 {
		j := &task.Job{ID: fmt.Sprintf("old%d", i), Kind: task.KindSquare, Class: task.ClassNorm, State: task.Open, Created: time.Now(), Note: strings.Repeat("x", 15<<10)}
		if err := c.CreateJob(c.t.Context(), j); err != nil {
			c.t.Fatal(err)
		}
	}
	c.beat()
}

// beat fills the bucket of heartbeats, which expire.
func (c *castle) beat() {
	c.t.Helper()
	if time.Since(c.beaten) < schema.BeatInterval {
		return
	}
	c.beaten = time.Now()
	for i := range 640 {
		c.put(fmt.Sprintf("$KV.FACTOR_WORKERS.old.%d", i), []byte(`{"version": "`+strings.Repeat("x", schema.MaxStatusSize-100)+`"}`))
	}
}

func (c *castle) put(subject string, payload []byte) uint64 {
	c.t.Helper()
	ack, err := c.js.PublishMsg(c.t.Context(), &nats.Msg{Subject: subject, Data: payload, Header: nats.Header{task.SchemaHeader: {task.Schema}}})
	if err != nil {
		c.t.Fatalf("%s: %v", subject, err)
	}
	return ack.Sequence
}

// job makes a job of ten numbers, with nothing queued before.
func (c *castle) job(f *fleet.Fleet, ctx context.Context) (*task.Job, *fleet.Inputs, error) {
	c.rounds++
	j := &task.Job{ID: fmt.Sprintf("j%d", c.rounds), Kind: task.KindSquare, Class: task.ClassNorm, State: task.Open, Created: time.Now()}
	if err := f.CreateJob(ctx, j); err != nil {
		return nil, nil, err
	}
	in, err := f.Inputs(ctx, j.ID)
	if err != nil {
		return nil, nil, err
	}
	var numbers []nat.Nat
	for i := range 10 {
		numbers = append(numbers, nat.New(uint64(i)))
	}
	if err = in.Append(ctx, in.Count(), numbers); err != nil {
		return nil, nil, err
	}
	chunks := []plan.Chunk{{Range: task.Range{First: 0, Count: 2}, Numbers: numbers[:2]}, {Range: task.Range{First: 2, Count: 2}, Numbers: numbers[2:4]}}
	return j, in, f.Publisher(j, nil, nil).Publish(ctx, chunks)
}

// clean removes the messages of an earlier visitor.
func (c *castle) clean() {
	c.t.Helper()
	c.beat()
	for _, stream := range []string{schema.StreamTasks, schema.StreamReturns, schema.StreamResults, schema.StreamDead} {
		s, err := c.js.Stream(c.t.Context(), stream)
		if err != nil {
			c.t.Fatal(err)
		}
		if err := s.Purge(c.t.Context()); err != nil {
			c.t.Fatal(err)
		}
	}
}

// work does what a worker does.
func (c *castle) work(v *visitor) error {
	c.clean()
	j, _, err := c.job(c.Fleet, c.t.Context())
	if err != nil {
		return err
	}
	s, err := puller.Open(v.ctx, v.nc, v.js, "w", stream.Options{Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	cancelled := make(chan bool, 1)
	if err := s.Listen(v.ctx, puller.Orders{Cancel: func(string) { cancelled <- true }}); err != nil {
		return err
	}
	if err := errors.Join(s.Beat(worker.Status{}), v.nc.FlushWithContext(v.ctx)); err != nil {
		return err
	}
	if _, err := c.Cancel(c.t.Context(), "old0"); err == nil {
		select {
		case <-cancelled:
		case <-v.ctx.Done():
			return v.ctx.Err()
		}
		if _, err := c.ChangeJob(c.t.Context(), "old0", func(j *task.Job) error { j.State = task.Open; return nil }); err != nil {
			return err
		}
	}
	if err := c.ask(v, s); err != nil {
		return err
	}
	var got []*worker.Delivery
	for len(got) == 0 && err == nil && v.ctx.Err() == nil {
		err = s.Pull(v.ctx, 1, func(d *worker.Delivery) { got = append(got, d) })
	}
	if err != nil || len(got) == 0 {
		return errors.Join(err, v.ctx.Err())
	}
	at := got[0].Address
	failure := (&task.Failure{Kind: j.Kind, Class: j.Class, Worker: "w", Err: "x", Time: time.Now()}).Encode()
	for _, act := range []func() error{
		got[0].Handle.InProgress,
		func() error { return s.Result(v.ctx, j.ID, at.Range, []byte("x")) },
		func() error { return s.Return(v.ctx, at, (&task.Return{Reason: task.Drained}).Encode()) },
		func() error { return s.Failed(v.ctx, at, 1, failure) },
		func() error { return s.Dead(v.ctx, j.ID, at.Range, failure) },
		func() error { return got[0].Handle.Ack(v.ctx) },
		s.Leave,
	} {
		if err := act(); err != nil {
			return err
		}
	}
	return nil
}

// ask has the worker answer all requests that the nats command makes of services, and one for
// its status.
func (c *castle) ask(v *visitor, s *puller.Client) error {
	err := s.Serve(v.ctx, func() worker.Status { return worker.Status{Version: "1.2.3", PID: 17} })
	if err = errors.Join(err, v.nc.FlushWithContext(v.ctx)); err != nil {
		return err
	}
	var pong micro.Ping
	for _, request := range []func() (subject, want string){
		func() (string, string) { return "$SRV.PING", `"worker":"w"` },
		func() (string, string) { return "$SRV.INFO", `"worker":"w"` },
		func() (string, string) { return "$SRV.STATS", `"pid":17` },
		func() (string, string) { return "$SRV.PING." + schema.ServiceName, `"version":"1.2.3"` },
		func() (string, string) { return "$SRV.STATS." + schema.ServiceName + "." + pong.ID, `"pid":17` },
		func() (string, string) { return "FACTOR.status.w", `"name":"w"` },
	} {
		subject, want := request()
		answer, err := c.admin.nc.RequestWithContext(v.ctx, subject, nil)
		if err != nil {
			return fmt.Errorf("%s: %w", subject, err)
		}
		if !strings.Contains(string(answer.Data), want) {
			return fmt.Errorf("%s: %s lacks %s", subject, answer.Data, want)
		}
		if pong.ID == "" {
			if err := json.Unmarshal(answer.Data, &pong); err != nil {
				return err
			}
		}
	}
	return nil
}

// produce does what a producer does, with its holder and its sweeper.
func (c *castle) produce(v *visitor) error {
	c.clean()
	ctx := v.ctx
	f, err := fleet.Open(ctx, v.nc, v.js, stream.Options{Timeout: visitorTimeout, Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	j, in, err := c.job(f, ctx)
	if err != nil {
		return err
	}
	held := errors.New("held")
	if err := f.Hold(ctx, j.ID, "me", func(context.Context) error { return held }); err != held {
		return err
	}
	result := c.put("FACTOR.results."+j.ID+".0-2.w", []byte("x"))
	caughtUp := errors.New("caught up")
	follow, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err = f.FollowResults(follow, j.ID, func([]collect.Arrival, uint64) error { return nil }, func() { stop(caughtUp) })
	if err != caughtUp {
		return err
	}
	for _, look := range []func() error{
		func() error { _, err := f.Holder(ctx, j.ID); return err },
		func() error { _, _, err := f.Result(ctx, result); return err },
		func() error { _, err := f.LastResult(ctx, j.ID); return err },
		func() error { return f.DropResults(ctx, []uint64{result}) },
		func() error { return c.judge(ctx, f, result) },
		func() error { _, err := f.Workers(ctx); return err },
		func() error { _, err := f.Jobs(ctx); return err },
		func() error { _, err := f.Queue(ctx); return err },
		func() error { return f.UseRoute(ctx, task.ClassNorm.Routed(fmt.Sprint("r", c.rounds))) },
		func() error { return c.sweep(ctx, f, j) },
		func() error { return c.exhaust(ctx, f, j) },
		func() error { return c.giveUp(ctx, f, j) },
		func() error { return c.campaign(ctx, f, j) },
		func() error { return c.cache(ctx, f, j) },
		func() error { return f.Requeue(ctx, j, in, []task.Range{{First: 6, Count: 1}}) },
		func() error { _, err := f.Cancel(ctx, j.ID); return err },
		func() error { return f.Remove(ctx, j.ID) },
		func() error {
			_, err := f.ChangeJob(ctx, j.ID, func(j *task.Job) error { j.Expires = &time.Time{}; return nil })
			return err
		},
		func() error { return c.removeTombstone(ctx, f, j.ID) },
		func() error { return f.SweepOrphansOnce(ctx) },
	} {
		if err := look(); err != nil {
			return err
		}
	}
	return nil
}

// cache reads the cache, writes to it, answers a number from it, and removes an entry.
func (c *castle) cache(ctx context.Context, f *fleet.Fleet, j *task.Job) error {
	fleet.UseCache(f) // it would not try what is not permitted
	const key = "0123456789abcdef0123456789abcdef"
	f.KeepCached(ctx, key, []byte("15=3*5"))
	if _, err := f.Cached(ctx, []string{key}); err != nil {
		return err
	}
	if err := f.StoreCachedAnswers(ctx, j.ID, []fleet.CachedAnswer{{Range: task.Range{First: 1, Count: 1}, Data: []byte("x")}}); err != nil {
		return err
	}
	_, err := f.RemoveCached(ctx, key)
	return err
}

// campaign does what a campaign needs.
func (c *castle) campaign(ctx context.Context, f *fleet.Fleet, j *task.Job) error {
	n := nat.FromBytes(slices.Repeat([]byte{0x5b}, 33))
	p := &task.Part{ID: task.ChildID(j.ID, 0, n), Parent: j.ID, Class: j.Class, Composite: n, State: task.PartSieve, Params: []byte("x")}
	p, err := f.CreatePart(ctx, p)
	if err != nil {
		return err
	}
	done := errors.New("done")
	err = f.Hold(ctx, p.ID, "me", func(ctx context.Context) error {
		for _, act := range []func() error{
			func() error {
				return f.IssueSieve(ctx, p, []task.Range{{First: 0, Count: 4096}}, task.SieveTask{Params: p.Params}, false)
			},
			func() error { _, err := f.SieveQueue(ctx, p.ID); return err },
			func() error { _, err := f.Outstanding(ctx, j.ID, 0); return err },
			func() error { return f.Hint("w", &task.Hint{Job: j.ID, Composite: n}) },
			func() error {
				_, err := f.ChangePart(ctx, j.ID, p.ID, func(p *task.Part) error { p.State = task.PartDone; return nil })
				return err
			},
			func() error { return f.RemoveLostParts(ctx) },
			func() error { return f.RemovePart(ctx, fleet.PartName{Parent: j.ID, Child: p.ID}) },
		} {
			if err := act(); err != nil {
				return err
			}
		}
		return done
	})
	if err == done {
		return nil
	}
	return err
}

// removeTombstone removes the tombstone of a job that has expired. Each call of RemoveExpired looks at some of the
// jobs, and there are those of all visitors.
func (c *castle) removeTombstone(ctx context.Context, f *fleet.Fleet, job string) error {
	for {
		if err := f.RemoveExpired(ctx); err != nil {
			return err
		}
		if _, err := c.Job(ctx, job); err != nil {
			if errors.Is(err, fleet.ErrNoJob) {
				return nil
			}
			return err
		}
	}
}

// judge writes a strike and a quarantine of a worker, and releases it.
func (c *castle) judge(ctx context.Context, f *fleet.Fleet, seq uint64) error {
	trust, err := f.Trust(ctx)
	if err != nil {
		return err
	}
	if _, _, err := trust.Strike(ctx, "w", fleet.Strike{Time: time.Now(), Seq: seq, Reason: "x"}); err != nil {
		return err
	}
	if _, err := f.Quarantine(ctx, "w", "x"); err != nil {
		return err
	}
	_, err = f.Release(ctx, "w")
	return err
}

// sweep has the rest of a return requeued, and a number given up whose last attempt had begun at two workers.
func (c *castle) sweep(ctx context.Context, f *fleet.Fleet, j *task.Job) error {
	mark := &task.Failure{Kind: j.Kind, Class: j.Class, Worker: "w", Attempt: 3, Time: time.Now()}
	for _, at := range []string{"1.w", "3.w", "3.x"} {
		c.put("FACTOR.failed."+j.ID+".5-1.0."+at, mark.Encode())
	}
	c.put("FACTOR.returns."+j.ID+".4-1.0.w", (&task.Return{Reason: task.Drained}).Encode())
	c.put("FACTOR.returns."+j.ID+".5-1.0.w", (&task.Return{Reason: task.Postponed}).Encode())
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- f.Sweep(ctx) }()
	returns, err := c.js.Stream(c.t.Context(), schema.StreamReturns)
	if err != nil {
		return err
	}
	for {
		info, err := returns.Info(c.t.Context())
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case info.State.Msgs == 0:
			stop()
			return <-ended
		}
		select {
		case err := <-ended:
			return err
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// exhaust has a task handled that was delivered three times, while another one is running.
func (c *castle) exhaust(ctx context.Context, f *fleet.Fleet, j *task.Job) error {
	durable, err := c.js.Consumer(c.t.Context(), schema.StreamTasks, schema.Durable(j.Class))
	if err != nil {
		return err
	}
	next := func() (jetstream.Msg, error) { return durable.Next(jetstream.FetchMaxWait(5 * time.Second)) }
	var seq uint64
	for range 3 {
		m, err := next()
		if err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		seq = meta.Sequence.Stream
		if err := m.NakWithDelay(0); err != nil {
			return err
		}
	}
	if _, err := next(); err != nil { // stays in work
		return err
	}
	return f.Probe(ctx, j.Class, seq)
}

// giveUp reads the dead letters and the failed attempts of a job, and retries the first letter.
func (c *castle) giveUp(ctx context.Context, f *fleet.Fleet, j *task.Job) error {
	letters, err := f.DeadLetters(ctx, j.ID)
	if err != nil {
		return err
	}
	if len(letters) == 0 {
		return errors.New("nothing was given up")
	}
	if _, err := f.Attempts(ctx, j.ID, func(string, task.Range) bool { return true }); err != nil {
		return err
	}
	return f.RetryDeadLetter(ctx, &letters[0])
}

// observe does what an observer does, with these programs and with the nats command.
func (c *castle) observe(v *visitor) error {
	c.clean()
	ctx := v.ctx
	f, err := fleet.Open(ctx, v.nc, v.js, stream.Options{Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	for _, look := range []func() error{
		func() error { _, err := f.Jobs(ctx); return err },
		func() error { _, err := f.Job(ctx, "old1"); return err },
		func() error { _, err := f.Holder(ctx, "old1"); return err },
		func() error { _, err := f.Backlog(ctx, "old1"); return err },
		func() error { _, err := f.Answered(ctx, "old1"); return err },
		func() error { return f.AnsweredByHolder(ctx, "old1") },
		func() error { _, err := f.Inputs(ctx, "old1"); return err },
		func() error { _, err := f.CountDead(ctx, "old1"); return err },
		func() error { _, err := f.Workers(ctx); return err },
		func() error { _, err := f.Standings(ctx); return err },
		func() error { _, err := f.Queue(ctx); return err },
		func() error { _, err := v.js.AccountInfo(ctx); return err },
		func() error { return drained(v.js.StreamNames(ctx)) },
		func() error { l := v.js.ListStreams(ctx); all(l.Info()); return l.Err() },
	} {
		if err := look(); err != nil {
			return err
		}
	}
	for _, subject := range []string{"$SRV.PING", "$SRV.INFO", "$SRV.STATS", "FACTOR.status.w", "$SRV.INFO." + schema.ServiceName, "$SRV.STATS." + schema.ServiceName + ".ID"} {
		if err := v.nc.PublishRequest(subject, v.nc.NewInbox(), nil); err != nil {
			return err
		}
	}
	s, err := v.js.Stream(ctx, schema.StreamTasks)
	if err != nil {
		return err
	}
	if err := drained(s.ConsumerNames(ctx)); err != nil {
		return err
	}
	l := s.ListConsumers(ctx)
	all(l.Info())
	return l.Err()
}

func all[T any](c <-chan T) {
	for range c {
	}
}

func drained(l interface {
	Name() <-chan string
	Err() error
}) error {
	all(l.Name())
	return l.Err()
}
