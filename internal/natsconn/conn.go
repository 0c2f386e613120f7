package natsconn

import (
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
)

// Conn and JetStream are what Dial and InProcess return and fleet.Open and puller.OpenStation
// take, for those who hand them on: they need not import the client library.
type (
	Conn      = nats.Conn
	JetStream = jetstream.JetStream
)

// URL is where a connection leads, without a login: the library's own way to hide one
// shows a token.
func URL(nc *Conn) string { return hideLogin(nc.ConnectedUrl()) }

// InProcess connects to a server in this process; name is the connection's.
func InProcess(server nats.InProcessConnProvider, name string, c schema.Credentials) (*Conn, JetStream, error) {
	options := []nats.Option{nats.InProcessServer(server), nats.Name(name), nats.MaxReconnects(-1)}
	if c.JWT != "" {
		options = append(options, nats.UserJWTAndSeed(c.JWT, c.Seed), nats.CustomInboxPrefix(c.Inbox))
	}
	nc, err := nats.Connect("", options...)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to the server in this process: %w", err)
	}
	js, err := jetstream.New(nc)
	return nc, js, err
}
