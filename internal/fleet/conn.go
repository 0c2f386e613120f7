package fleet

import (
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
)

// Conn and JetStream are what Dial and InProcess return and Open and OpenStation take,
// for those who hand them on: no other package imports the client library.
type (
	Conn      = nats.Conn
	JetStream = jetstream.JetStream
)

// InProcess connects to a server in this process; name is the connection's.
func InProcess(server nats.InProcessConnProvider, name string) (*Conn, JetStream, error) {
	nc, err := nats.Connect("", nats.InProcessServer(server), nats.Name(name), nats.MaxReconnects(-1))
	if err != nil {
		return nil, nil, fmt.Errorf("connect to the server in this process: %w", err)
	}
	js, err := jetstream.New(nc)
	return nc, js, err
}

// LogEvents returns options for Dial with which the log is told when the connection is
// lost and found again, and of errors that nobody waits for.
func LogEvents(log zerolog.Logger) []nats.Option {
	return []nats.Option{
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn().Err(err).Msg("connection to NATS lost: trying again")
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			log.Info().Str("url", nc.ConnectedUrlRedacted()).Msg("connected to NATS again")
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Error().Err(err).Msg("nats") }),
	}
}
