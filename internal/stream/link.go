// Package stream has the mechanics of JetStream that know nothing of jobs: to store messages one
// by one and in atomic batches, to follow a stream, to try again what passes by itself, and to
// put the server's errors into words that a user can act on.
package stream

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
)

// A Link is a connection with what every use of it needs.
type Link struct {
	NC       *nats.Conn
	JS       jetstream.JetStream
	RawRequest      func(context.Context, *nats.Msg) (*nats.Msg, error) // sends a request and waits for its answer
	API      string                                              // subject prefix of the JetStream API, with its last dot
	Timeout  time.Duration                                       // for one reply of the server
	Log      zerolog.Logger
	sessions *sessions
}

// Options of New, and of those who call it.
type Options struct {
	Timeout time.Duration // for one reply of the server; 0 = 5 s
	Log     zerolog.Logger
}

// New returns a link on a connection.
func New(nc *nats.Conn, js jetstream.JetStream, o Options) *Link {
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	return &Link{NC: nc, JS: js, RawRequest: nc.RequestMsgWithContext, API: apiPrefix(js), Timeout: o.Timeout, sessions: newSessions(nc), Log: o.Log}
}

// apiPrefix returns "$JS.API." or what a domain or prefix of the connection makes of it.
func apiPrefix(js jetstream.JetStream) string {
	o := js.Options()
	switch {
	case o.APIPrefix != "":
		return o.APIPrefix + "."
	case o.Domain != "":
		return "$JS." + o.Domain + ".API."
	}
	return "$JS.API."
}
