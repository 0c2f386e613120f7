package natsconn

import (
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
)

// Conn and JetStream are the results of Dial and InProcess, and parameters of fleet.Open and
// puller.Open. Packages that only pass them on need not import the client library.
type (
	Conn      = nats.Conn
	JetStream = jetstream.JetStream
)

// URL returns the address of the server that nc is connected to, without a login. The client library's
// own function hides passwords, but not tokens.
func URL(nc *Conn) string { return hideLogin(nc.ConnectedUrl()) }

// InProcess connects to a server in this process; name is the name of the connection. The connection
// does not use the network, and reconnects for ever.
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
