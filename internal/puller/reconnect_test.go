package puller

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/fleettest"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A wire dials connections, and can cut the last one.
type wire struct{ conn net.Conn }

func (w *wire) Dial(network, address string) (_ net.Conn, err error) {
	w.conn, err = net.Dial(network, address)
	return w.conn, err
}

func (w *wire) cut() { w.conn.Close() }

// TestSession: a request whose connection is lost is repeated as soon as there is a new one, long
// before its timeout.
func TestSession(t *testing.T) {
	t.Parallel()
	h := fleettest.NewServer(t, natsserver.Config{Listen: "127.0.0.1:0"})
	server, _ := h.Connect()
	var wire wire
	nc, js := h.Connect(nats.SetCustomDialer(&wire))
	requests := make(chan *nats.Msg, 100)
	if _, err := server.ChanSubscribe("mute.>", requests); err != nil {
		t.Fatal(err)
	}
	if err := server.Flush(); err != nil {
		t.Fatal(err)
	}
	link := stream.New(nc, js, stream.Options{Timeout: time.Minute})
	link.API = "mute."
	puller, err := newPuller(link, "w", false)
	if err != nil {
		t.Fatal(err)
	}
	handle := &handle{link: link, acks: &acker{link: link}, reply: "mute.ack"}
	for name, send := range map[string]func(context.Context) error{
		"store": func(ctx context.Context) error { return link.Store(ctx, &nats.Msg{Subject: "mute.store"}) },
		"ack":   handle.Ack,
		"term":  func(ctx context.Context) error { return handle.Term(ctx, "no") },
	} {
		done := make(chan error, 1)
		go func() { done <- send(t.Context()) }()
		<-requests // and not answered
		began := time.Now()
		wire.cut()
		if err := (<-requests).Respond([]byte(`{"stream":"S","seq":1}`)); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s: repeated after %v", name, took)
		}
	}

	begin := time.Now()
	done := make(chan error, 1)
	go func() {
		done <- puller.waitForTask(t.Context(), task.Classes, 1, func(*worker.Delivery) {})
	}()
	<-requests
	wire.cut()
	if err := <-done; err != nil || time.Since(begin) > 20*time.Second {
		t.Errorf("a pull ended after %v: %v", time.Since(begin), err)
	}

	nc.Close()
	if err := link.Store(t.Context(), &nats.Msg{Subject: "mute.store"}); err == nil {
		t.Error("stored without a connection")
	}
}

// TestHeartbeatWithoutConnection: a heartbeat that cannot be sent now is an error, although the client library
// would send it later.
func TestHeartbeatWithoutConnection(t *testing.T) {
	t.Parallel()
	s := fleettest.NewRestartable(t)
	lost := make(chan bool, 1)
	nc, js := s.Connect(nats.DisconnectErrHandler(func(*nats.Conn, error) { lost <- true }))
	link := stream.New(nc, js, stream.Options{})
	handle := &handle{link: link, acks: &acker{link: link}, reply: "mute.ack"}
	if err := handle.InProgress(); err != nil {
		t.Errorf("connected: %v", err)
	}
	s.Stop()
	<-lost
	if err := handle.InProgress(); !errors.Is(err, nats.ErrDisconnected) {
		t.Errorf("without a connection: %v, want %v", err, nats.ErrDisconnected)
	}
	s.Start(s.Config())
	fleettest.Await(t, "a heartbeat after the reconnect", func() bool { return handle.InProgress() == nil })
}
