package test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/cli"
	"factorfleet/internal/schema"
)

// BenchmarkPipeline is the reference for BenchmarkQueue: a minimal program that squares a list over
// JetStream, written directly on nats.go. It publishes tasks asynchronously to a work queue. Two
// workers pull 100 tasks ahead and ack a task when the server has acknowledged its result. An ordered
// consumer collects. It verifies nothing, keeps no order, and loses tasks when a process dies.
func BenchmarkPipeline(b *testing.B) {
	const tasks = 20_000
	cli.Tune()
	p := newPipeline(benchServers["inside"](b))
	var total benchTime
	for b.Loop() {
		total.add(p.measure(tasks))
	}
	total.report(b, tasks)
}

// A pipeline is the streams of some rounds.
type pipeline struct {
	b      testing.TB
	server *benchServer
	rounds int
	conns  []*nats.Conn
}

func newPipeline(server *benchServer) *pipeline { return &pipeline{b: server.t, server: server} }

// measure runs one round and returns what it took.
func (p *pipeline) measure(tasks int) benchTime {
	round := p.rounds
	p.rounds++
	p.create(round)
	began := p.server.now()
	p.run(round, tasks)
	took := began.until(p.server.now())
	p.close()
	return took
}

func (p *pipeline) check(err error) {
	p.b.Helper()
	if err != nil {
		p.b.Fatal(err)
	}
}

func (p *pipeline) connect() jetstream.JetStream {
	nc, _, err := p.server.connect(schema.RoleAdmin, "pipeline")
	p.check(err)
	p.conns = append(p.conns, nc)
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(4000))
	p.check(err)
	return js
}

func (p *pipeline) close() {
	for _, nc := range p.conns {
		nc.Close()
	}
	p.conns = nil
}

func (p *pipeline) create(round int) {
	js := p.connect()
	for _, c := range []jetstream.StreamConfig{
		{Name: fmt.Sprint("T", round), Subjects: []string{fmt.Sprintf("t%d.>", round)}, Retention: jetstream.WorkQueuePolicy},
		{Name: fmt.Sprint("R", round), Subjects: []string{fmt.Sprintf("r%d.>", round)}},
	} {
		_, err := js.CreateStream(p.b.Context(), c)
		p.check(err)
	}
	_, err := js.CreateConsumer(p.b.Context(), fmt.Sprint("T", round), jetstream.ConsumerConfig{Durable: "w", AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: -1})
	p.check(err)
}

func (p *pipeline) run(round, tasks int) {
	var collected sync.WaitGroup
	collected.Add(tasks)
	results, err := p.connect().OrderedConsumer(p.b.Context(), fmt.Sprint("R", round), jetstream.OrderedConsumerConfig{})
	p.check(err)
	collect, err := results.Consume(func(jetstream.Msg) { collected.Done() }, jetstream.PullExpiry(2*time.Second), jetstream.PullHeartbeat(500*time.Millisecond))
	p.check(err)
	defer collect.Stop()
	for range 2 {
		defer p.work(round).Stop()
	}
	js := p.connect()
	for i := range tasks {
		_, err := js.PublishAsync(fmt.Sprintf("t%d.%d", round, i), []byte(strconv.Itoa(i)), jetstream.WithStallWait(time.Minute))
		p.check(err)
	}
	collected.Wait() // all results have arrived, so every publish has succeeded
}

// work starts a worker.
func (p *pipeline) work(round int) jetstream.ConsumeContext {
	var inFlight sync.Map // future of the result -> task
	nc, _, err := p.server.connect(schema.RoleAdmin, "pipeline")
	p.check(err)
	p.conns = append(p.conns, nc)
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(4000), jetstream.WithPublishAsyncAckHandler(func(_ jetstream.JetStream, m *nats.Msg, _ *jetstream.PubAck) {
		if task, ok := inFlight.LoadAndDelete(m); ok {
			task.(jetstream.Msg).Ack()
		}
	}))
	p.check(err)
	tasks, err := js.Consumer(p.b.Context(), fmt.Sprint("T", round), "w")
	p.check(err)
	c, err := tasks.Consume(func(task jetstream.Msg) {
		n, err := strconv.Atoi(string(task.Data()))
		p.check(err)
		result := &nats.Msg{Subject: fmt.Sprintf("r%d.%d", round, n), Data: []byte(strconv.Itoa(n * n))}
		inFlight.Store(result, task)
		_, err = js.PublishMsgAsync(result, jetstream.WithStallWait(time.Minute))
		p.check(err)
	}, jetstream.PullMaxMessages(100), jetstream.PullExpiry(2*time.Second), jetstream.PullHeartbeat(500*time.Millisecond))
	p.check(err)
	return c
}
