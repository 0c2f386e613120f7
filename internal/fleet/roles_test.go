package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/identity"
	"factorfleet/internal/nat"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A castle is a server that lets in only whom its keys have signed, with all streams.
type castle struct {
	t      *testing.T
	server *natsserver.Server
	keys   *identity.Store
	js     jetstream.JetStream // the admin's
	*fleet.Fleet
	rounds int
}

func newCastle(t *testing.T) *castle {
	t.Helper()
	keys, err := identity.Create(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	claims, err := keys.Claims()
	if err != nil {
		t.Fatal(err)
	}
	security := &natsserver.Security{Operator: claims.Operator, Account: claims.Account, System: claims.System, AccountKey: claims.AccountKey, SysKey: claims.SystemKey}
	if security.TLS, err = keys.ServerTLS([]string{"127.0.0.1"}); err != nil {
		t.Fatal(err)
	}
	server, err := natsserver.Start(natsserver.Config{Store: t.TempDir(), Log: zerolog.Nop(), Security: security})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	c := &castle{t: t, server: server, keys: keys}
	admin := c.enter(fleet.RoleAdmin, "admin", fleet.PermissionsOf(fleet.RoleAdmin, "admin"))
	c.js = admin.js
	if _, err := fleet.Init(t.Context(), c.js, fleet.Provision{}); err != nil {
		t.Fatal(err)
	}
	if c.Fleet, err = fleet.Open(t.Context(), admin.nc, c.js, fleet.Options{Log: zerolog.Nop()}); err != nil {
		t.Fatal(err)
	}
	return c
}

// A visitor is a connection in a role. The first thing that the server refuses ends its
// context.
type visitor struct {
	nc  *nats.Conn
	js  jetstream.JetStream
	ctx context.Context

	mu      sync.Mutex
	refused []string // subjects
}

// visitorTimeout is how long the client library waits for what is never answered.
const visitorTimeout = time.Second

var inQuotes = regexp.MustCompile(`"([^"]*)"`)

func (c *castle) enter(r fleet.Role, name string, p fleet.Permissions) *visitor {
	c.t.Helper()
	credentials, err := c.keys.Sign(identity.User{Role: r, Name: name}, p)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
	v := &visitor{ctx: ctx}
	v.nc, err = nats.Connect("", nats.InProcessServer(c.server), nats.UserJWTAndSeed(credentials.JWT, credentials.Seed), nats.CustomInboxPrefix(credentials.Inbox),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			v.mu.Lock()
			defer v.mu.Unlock()
			if found := inQuotes.FindStringSubmatch(err.Error()); errors.Is(err, nats.ErrPermissionViolation) && found != nil {
				v.refused = append(v.refused, found[1])
				cancel()
			}
		}))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { cancel(); v.nc.Close() })
	if v.js, err = jetstream.New(v.nc, jetstream.WithDefaultTimeout(visitorTimeout)); err != nil {
		c.t.Fatal(err)
	}
	return v
}

// leave waits until the server has seen all, and returns what it refused.
func (v *visitor) leave() []string {
	v.nc.FlushTimeout(5 * time.Second)
	refused := errors.Is(v.nc.LastError(), nats.ErrPermissionViolation)
	if refused {
		<-v.ctx.Done() // told a moment later
	}
	v.nc.Close()
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.refused
}

// TestRoles: each role can do all that it must, and each line of its permissions is needed
// for that.
func TestRoles(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		role fleet.Role
		name string
		act  func(*castle, *visitor) error
	}{
		{fleet.RoleWorker, "w", (*castle).work},
		{fleet.RoleProducer, "p", (*castle).produce},
		{fleet.RoleObserver, "o", (*castle).observe},
	} {
		t.Run(string(test.role), func(t *testing.T) {
			t.Parallel()
			c := newCastle(t)
			c.fill()
			all := fleet.PermissionsOf(test.role, test.name)
			v := c.enter(test.role, test.name, all)
			err := test.act(c, v)
			if refused := v.leave(); err != nil || len(refused) > 0 {
				t.Fatalf("with all permissions: %v, refused: %q", err, refused)
			}
		})
		for part := range parts {
			t.Run(fmt.Sprintf("%s without, %d", test.role, part), func(t *testing.T) {
				t.Parallel()
				c := newCastle(t)
				c.fill()
				all := fleet.PermissionsOf(test.role, test.name)
				for i := part; i < len(all.Publish); i += parts {
					c.refuses(test.role, test.name, test.act, fleet.Permissions{Publish: without(all.Publish, i), Subscribe: all.Subscribe}, all.Publish[i])
				}
				for i := part; i < len(all.Subscribe); i += parts {
					c.refuses(test.role, test.name, test.act, fleet.Permissions{Publish: all.Publish, Subscribe: without(all.Subscribe, i)}, all.Subscribe[i])
				}
			})
		}
	}
}

// parts is how many servers share the lines: some take the client library's five seconds.
const parts = 4

func without(list []fleet.Permission, i int) []fleet.Permission {
	return slices.Concat(list[:i], list[i+1:])
}

// refuses checks that act fails for want of the line that p lacks.
func (c *castle) refuses(r fleet.Role, name string, act func(*castle, *visitor) error, p fleet.Permissions, line fleet.Permission) {
	v := c.enter(r, name, p)
	act(c, v)
	refused := v.leave()
	if len(refused) == 0 || !covers(line.Subject, refused[0]) {
		c.t.Errorf("without %q the server refused %q: the line is not needed, or not exercised", line.Subject, refused)
	}
}

// fill puts so much into the buckets that the server sends them in portions.
func (c *castle) fill() {
	for i := range 160 {
		j := &task.Job{ID: fmt.Sprintf("old%d", i), State: task.Open, Created: time.Now(), Note: strings.Repeat("x", 15<<10)}
		if err := c.CreateJob(c.t.Context(), j); err != nil {
			c.t.Fatal(err)
		}
		c.put(fmt.Sprintf("$KV.FACTOR_WORKERS.old.%d", i), []byte(`{"version": "`+strings.Repeat("x", 15<<10)+`"}`))
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
	if _, err = in.Append(ctx, numbers); err != nil {
		return nil, nil, err
	}
	chunks := []plan.Chunk{{Range: task.Range{First: 0, Count: 2}, Numbers: numbers[:2]}, {Range: task.Range{First: 2, Count: 2}, Numbers: numbers[2:4]}}
	return j, in, f.Publisher(j, nil, nil).Publish(ctx, chunks)
}

// clean removes what an earlier visitor has left.
func (c *castle) clean() {
	c.t.Helper()
	for _, stream := range []string{fleet.StreamTasks, fleet.StreamReturns, fleet.StreamResults, fleet.StreamDead} {
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
	s, err := fleet.OpenStation(v.ctx, v.nc, v.js, "w", fleet.Options{Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	cancelled := make(chan bool, 1)
	if err := s.Listen(v.ctx, fleet.Orders{Cancel: func(string) { cancelled <- true }}); err != nil {
		return err
	}
	if err := errors.Join(s.Beat(struct{}{}), v.nc.FlushWithContext(v.ctx)); err != nil {
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

// produce does what a producer does, with its holder and its sweeper.
func (c *castle) produce(v *visitor) error {
	c.clean()
	ctx := v.ctx
	f, err := fleet.Open(ctx, v.nc, v.js, fleet.Options{Timeout: visitorTimeout, Log: zerolog.Nop()})
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
		func() error { _, err := f.Result(ctx, result); return err },
		func() error { _, err := f.LastResult(ctx, j.ID); return err },
		func() error { return f.DropResult(ctx, result) },
		func() error { return c.judge(ctx, f, result) },
		func() error { _, err := f.Workers(ctx); return err },
		func() error { _, err := f.Jobs(ctx); return err },
		func() error { _, err := f.Queue(ctx); return err },
		func() error { return c.sweep(ctx, f, j) },
		func() error { return c.exhaust(ctx, f, j) },
		func() error { return c.bury(ctx, f, j) },
		func() error { return f.Requeue(ctx, j, in, []task.Range{{First: 6, Count: 1}}) },
		func() error { _, err := f.Cancel(ctx, j.ID); return err },
		func() error { return f.Remove(ctx, j.ID) },
		func() error {
			_, err := f.ChangeJob(ctx, j.ID, func(j *task.Job) error { j.Expires = &time.Time{}; return nil })
			return err
		},
		func() error { return f.RemoveExpired(ctx) },
	} {
		if err := look(); err != nil {
			return err
		}
	}
	if _, err := c.Job(c.t.Context(), j.ID); !errors.Is(err, fleet.ErrNoJob) {
		return fmt.Errorf("the tombstone is still there: %w", err)
	}
	return nil
}

// judge holds something against a worker and forgives it.
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

// sweep has a remainder queued again, and a number given up whose last attempt had begun.
func (c *castle) sweep(ctx context.Context, f *fleet.Fleet, j *task.Job) error {
	mark := &task.Failure{Kind: j.Kind, Class: j.Class, Worker: "w", Attempt: 3, Time: time.Now()}
	c.put("FACTOR.failed."+j.ID+".5-1.0.3.w", mark.Encode())
	c.put("FACTOR.returns."+j.ID+".4-1.0.w", (&task.Return{Reason: task.Drained}).Encode())
	c.put("FACTOR.returns."+j.ID+".5-1.0.w", (&task.Return{Reason: task.Spared}).Encode())
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- f.Sweep(ctx) }()
	returns, err := c.js.Stream(c.t.Context(), fleet.StreamReturns)
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

// exhaust has a task dealt with that was delivered three times, while another is in work.
func (c *castle) exhaust(ctx context.Context, f *fleet.Fleet, j *task.Job) error {
	durable, err := c.js.Consumer(c.t.Context(), fleet.StreamTasks, fleet.Durable(j.Class))
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

// bury writes a dead letter as the sweeper does, reads all, and forgets them.
func (c *castle) bury(ctx context.Context, f *fleet.Fleet, j *task.Job) error {
	letters, err := f.DeadLetters(ctx, j.ID)
	if err != nil {
		return err
	}
	if len(letters) == 0 {
		return errors.New("nothing was given up")
	}
	if _, err := f.Attempts(ctx, j.ID); err != nil {
		return err
	}
	return f.Retry(ctx, &letters[0])
}

// observe does what an observer does, with these programs and with the nats command.
func (c *castle) observe(v *visitor) error {
	ctx := v.ctx
	f, err := fleet.Open(ctx, v.nc, v.js, fleet.Options{Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	for _, look := range []func() error{
		func() error { _, err := f.Jobs(ctx); return err },
		func() error { _, err := f.Job(ctx, "old1"); return err },
		func() error { _, err := f.Holder(ctx, "old1"); return err },
		func() error { _, err := f.Backlog(ctx, "old1"); return err },
		func() error { _, err := f.Answered(ctx, "old1"); return err },
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
	s, err := v.js.Stream(ctx, fleet.StreamTasks)
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

// covers reports whether all that matches subject matches pattern.
func covers(pattern, subject string) bool {
	ps, ss := strings.Split(pattern, "."), strings.Split(subject, ".")
	for i, p := range ps {
		switch {
		case i >= len(ss):
			return false
		case p == ">":
			return true
		case ss[i] == ">", p != "*" && p != ss[i]:
			return false
		}
	}
	return len(ps) == len(ss)
}
