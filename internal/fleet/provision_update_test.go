package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/natsconn"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// age gives streams and durables settings of an earlier release.
func (h *testFleet) age() {
	h.t.Helper()
	ctx := h.t.Context()
	dead, err := h.js.Stream(ctx, schema.StreamDead)
	if err != nil {
		h.t.Fatal(err)
	}
	config := dead.CachedInfo().Config
	config.Subjects, config.Description = []string{schema.DeadPrefix + ">"}, "dead letters"
	if _, err := h.js.UpdateStream(ctx, config); err != nil {
		h.t.Fatal(err)
	}
	h.changeDurable(schema.StreamReturns, schema.DurableSweeper, func(c *jetstream.ConsumerConfig) { c.MaxAckPending = 1000 })
	for _, class := range task.Classes {
		h.changeDurable(schema.StreamTasks, schema.Durable(class), func(c *jetstream.ConsumerConfig) { c.Description = "old" })
	}
}

func (h *testFleet) changeDurable(of, name string, change func(*jetstream.ConsumerConfig)) {
	h.t.Helper()
	c, err := h.js.Consumer(h.t.Context(), of, name)
	if err != nil {
		h.t.Fatal(err)
	}
	config := c.CachedInfo().Config
	change(&config)
	if _, err := h.js.UpdateConsumer(h.t.Context(), of, config); err != nil {
		h.t.Fatal(err)
	}
}

// TestUpdate: settings of an earlier release are brought up to date; a dry run says which, and changes nothing.
func TestUpdate(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Minute})
	ctx := t.Context()
	h.age()
	if _, err := h.js.PauseConsumer(ctx, schema.StreamTasks, schema.Durable(task.ClassHi), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	want := []Change{
		{true, `stream FACTOR_DEAD: description from "dead letters" to "dead letters, and the failed attempts before them", subjects from FACTOR.dead.> to FACTOR.dead.>,FACTOR.failed.>`},
		{true, `durable workers-hi: description from "old" to ""`},
		{true, `durable workers-norm: description from "old" to ""`},
		{true, `durable workers-low: description from "old" to ""`},
		{true, "durable sweeper: max ack pending from 1000 to 8192"},
	}
	for _, p := range []Provision{{DryRun: true, AckWait: time.Minute}, {DryRun: true, Adopt: true, Restricted: true}, {Adopt: true}} {
		if got, err := Init(ctx, h.js, p); err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v: %+v, %v", p, got, err)
		}
	}
	if got, err := Init(ctx, h.js, Provision{AckWait: time.Minute}); err != nil || len(got) != 0 {
		t.Errorf("again: %v, %v", got, err)
	}
	s, err := Inspect(ctx, h.js, true)
	if err != nil {
		t.Fatal(err)
	}
	list := Findings(s, Provision{})
	if len(list) != 1 || list[0].Kind != Paused || s.Durables["sweeper"].Config.MaxAckPending != 8192 || s.Durables["workers-hi"].Config.AckWait != time.Minute {
		t.Errorf("after the update: %q, %+v", list, s.Durables["sweeper"].Config)
	}
}

// TestUpdateInUse: an update of durables loses no task, no delivery and no request of a worker that waits.
func TestUpdateInUse(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.age()
	w := h.station("w")
	j, _ := h.job("j", task.ClassNorm, 10)
	h.queue(j, single(0))
	_, running := pull(t, w, 1)
	if len(running) != 1 {
		t.Fatalf("%d tasks", len(running))
	}
	nc, js := h.connect()
	inbox := nats.NewInbox() // of a request that waits
	parked, err := nc.SubscribeSync(inbox)
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.PublishRequest("$JS.API.CONSUMER.MSG.NEXT.FACTOR_TASKS.workers-norm", inbox, fmt.Appendf(nil, `{"batch":1,"expires":%d}`, time.Minute)); err != nil {
		t.Fatal(err)
	}
	await(t, "the request waits", func() bool {
		c, err := js.Consumer(t.Context(), schema.StreamTasks, schema.Durable(task.ClassNorm))
		return err == nil && c.CachedInfo().NumWaiting == 1
	})
	if changes, err := Init(t.Context(), h.js, Provision{}); err != nil || len(changes) != 5 {
		t.Fatalf("%v, %v", changes, err)
	}
	h.queue(j, single(1))
	m, err := parked.NextMsg(time.Minute)
	if err != nil || !strings.HasSuffix(m.Subject, ".j.1-1.0") {
		t.Fatalf("the waiting request got %v, %v", m, err)
	}
	if err := m.Respond([]byte("+ACK")); err != nil {
		t.Fatal(err)
	}
	ack(t, running)
	await(t, "the queue is empty", func() bool { return h.ranges("j") == "" })
	info, err := h.js.Consumer(t.Context(), schema.StreamTasks, schema.Durable(task.ClassNorm))
	if err != nil || info.CachedInfo().NumRedelivered != 0 || info.CachedInfo().NumAckPending != 0 {
		t.Errorf("%+v, %v", info.CachedInfo(), err)
	}
}

// TestUpdateReturns: a sweeper that follows its durable gets returns before and after its update.
func TestUpdateReturns(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.age()
	h.job("j", task.ClassNorm, 10)
	background(t, h.Sweep)
	for i := range 4 {
		h.put(schema.ReturnSubject("j", single(i), "0", "w"), (&task.Return{Reason: task.Drained}).Encode())
		if i == 1 {
			if _, err := Init(t.Context(), h.js, Provision{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	await(t, "all returns are queued", func() bool { return h.ranges("j") == "0-1 1-1 2-1 3-1" })
}

// TestInitHalfway: an init that ended at any step is completed by the next one, and so is one of serve, which takes the
// settings from what exists.
func TestInitHalfway(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	chosen := Provision{AckWait: time.Minute}
	for n, count := 0, 1; n < count; n++ {
		h := serve(t, natsserver.Config{})
		s, err := Inspect(ctx, h.js, true)
		if err != nil {
			t.Fatal(err)
		}
		all := steps(s, chosen)
		count = len(all)
		for _, step := range all[:n] {
			if err := step.do(ctx, h.js); err != nil {
				t.Fatal(err)
			}
		}
		p := chosen
		if n > 6+3 { // the ack wait is known
			p = Provision{Adopt: true}
		}
		if made, err := Init(ctx, h.js, p); err != nil || len(made) != count-n {
			t.Fatalf("after %d steps of %d: %v, %v", n, count, made, err)
		}
		if made, err := Init(ctx, h.js, chosen); err != nil || len(made) != 0 {
			t.Fatalf("after %d steps: then %v, %v", n, made, err)
		}
		h.stop()
	}
}

// TestInitAtOnce: two processes that both found an empty server make one fleet.
func TestInitAtOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := serve(t, natsserver.Config{})
	s, err := Inspect(ctx, h.js, true)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if made, err := (Provision{}).apply(ctx, h.js, s); err != nil || len(made) != 13 {
			t.Errorf("%v, %v", made, err)
		}
	}
	if list, err := Init(ctx, h.js, Provision{}); err != nil || len(list) != 0 {
		t.Errorf("then %v, %v", list, err)
	}
	if err := s.findForeign(ctx, h.js); err != nil || len(s.Foreign) != 0 { // made after the look at the streams
		t.Errorf("streams of others: %v, %v", s.Foreign, err)
	}
}

// TestInitAfterKill: what Init makes where a server was killed while it made the same is there after each restart.
func TestInitAfterKill(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	init := func() []Change {
		t.Helper()
		s := startServer(t, &server.Options{JetStream: true, StoreDir: dir})
		defer s.WaitForShutdown()
		defer s.Shutdown()
		nc, err := nats.Connect(s.ClientURL())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		js, err := jetstream.New(nc)
		if err != nil {
			t.Fatal(err)
		}
		made, err := Init(ctx, js, Provision{})
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	init()
	streams := filepath.Join(dir, "jetstream", "$G", "streams")
	for _, half := range []string{"FACTOR_INPUTS", "KV_FACTOR_JOBS", "KV_FACTOR_WORKERS", "FACTOR_RETURNS/obs/sweeper"} {
		if err := os.Remove(filepath.Join(streams, half, "meta.sum")); err != nil {
			t.Fatal(err)
		}
	}
	if made := init(); len(made) != 4 {
		t.Errorf("made again: %v", made)
	}
	if made := init(); len(made) != 0 {
		t.Errorf("lost at the next restart: %v", made)
	}
}

// TestInitRefused: where a fleet cannot be, the error says why, and nothing has been made.
func TestInitRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		options server.Options
		limits  func(*server.JetStreamAccountLimits)
		prepare func(context.Context, jetstream.JetStream) error
		want    error
		words   []string
	}{
		{name: "a foreign stream", prepare: func(ctx context.Context, js jetstream.JetStream) error {
			_, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "OTHER", Subjects: []string{"FACTOR.>"}})
			return err
		}, want: ErrDiffers, words: []string{"stream OTHER has the subjects FACTOR.>", "stream FACTOR_TASKS", "stream FACTOR_DEAD"}},
		{name: "a foreign stream of one subject", prepare: func(ctx context.Context, js jetstream.JetStream) error {
			_, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "OTHER", Subjects: []string{"$KV.*.x"}, NoAck: true})
			return err
		}, want: ErrDiffers, words: []string{"stream OTHER has the subjects $KV.*.x", "bucket FACTOR_JOBS"}},
		{name: "the store", options: server.Options{JetStreamMaxStore: 10 << 20}, want: natsconn.ErrConnect, words: []string{"create stream FACTOR_TASKS: insufficient storage", "1 GiB", "max_file_store"}},
		{name: "payload", options: server.Options{MaxPayload: 300 << 10}, want: natsconn.ErrConnect, words: []string{"max_payload of this nats server is 300 KiB", "772 KiB"}},
		{name: "streams", limits: func(l *server.JetStreamAccountLimits) { l.MaxStreams = 3 }, want: natsconn.ErrConnect, words: []string{"3 streams", "9 more"}},
		{name: "consumers", limits: func(l *server.JetStreamAccountLimits) { l.MaxConsumers = 2 }, want: natsconn.ErrConnect, words: []string{"2 consumers"}},
		{name: "the account's store", limits: func(l *server.JetStreamAccountLimits) { l.MaxStore = 64 << 20 }, want: natsconn.ErrConnect, words: []string{"64 MiB", "1 GiB more"}},
		{name: "bytes required", limits: func(l *server.JetStreamAccountLimits) { l.MaxBytesRequired = true }, want: natsconn.ErrConnect, words: []string{"limit of bytes"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			test.options.JetStream, test.options.StoreDir = true, t.TempDir()
			s := startServer(t, &test.options)
			if test.limits != nil {
				limits := server.JetStreamAccountLimits{MaxMemory: -1, MaxStore: -1, MaxStreams: -1, MaxConsumers: -1, MaxAckPending: -1}
				test.limits(&limits)
				if err := s.GlobalAccount().UpdateJetStreamLimits(map[string]server.JetStreamAccountLimits{"": limits}); err != nil {
					t.Fatal(err)
				}
			}
			nc, err := nats.Connect(s.ClientURL())
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			js, err := jetstream.New(nc)
			if err != nil {
				t.Fatal(err)
			}
			before := 0
			if test.prepare != nil {
				if err := test.prepare(ctx, js); err != nil {
					t.Fatal(err)
				}
				before = 1
			}
			for _, p := range []Provision{{}, {Adopt: true}} {
				made, err := Init(ctx, js, p)
				if !errors.Is(err, test.want) || len(made) != 0 {
					t.Errorf("%v, %v", made, err)
				}
				for _, word := range test.words {
					if text := fmt.Sprint(err, err.(interface{ Hint() string }).Hint()); !strings.Contains(text, word) {
						t.Errorf("%q is missing in %q", word, text)
					}
				}
			}
			if info, err := js.AccountInfo(ctx); err != nil || info.Streams != before {
				t.Errorf("streams: %+v, %v", info, err)
			}
		})
	}
}
