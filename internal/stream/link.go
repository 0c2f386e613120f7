// Package stream stores messages in JetStream streams, follows streams, and retries. It knows nothing
// of jobs: the names and the meaning of streams and subjects belong to its callers.
//
//	Store, StoreAll       publish one message or many until the server has them
//	Follow                read a stream from its first message on, and wait for new ones
//	Retry, RetryStart     repeat a request while its error is transient
//	Request               send one request; end early if the connection is lost
//	Explain, Is...        turn errors of the server into messages for a user, and recognise them
//
// JetStream stores at least once: an answer can be lost after the server has stored the message. So
// a publish is repeated until the server confirms it, and every subject must be unique in a stream
// with MaxMsgsPerSubject 1 and DiscardNewPerSubject. A repeated message is then refused as a
// duplicate, which counts as stored.
//
// The facts about the server in this package were seen with nats-server 2.15.2, or stand in its
// source under the name that is cited.
package stream

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
)

// defaultTimeout is the time for one answer of the server if Options does not set it.
const defaultTimeout = 5 * time.Second

// A Link is one connection to a server together with its settings. It is safe for concurrent use;
// its fields must not change after the first call.
type Link struct {
	NC      *nats.Conn
	JS      jetstream.JetStream
	API     string        // subject prefix of the JetStream API with its last dot, normally "$JS.API."
	Timeout time.Duration // for one answer of the server
	Log     zerolog.Logger

	// RawRequest sends one request and waits for one answer until ctx ends. It is the client
	// library's request unless the caller has replaced it before first use.
	RawRequest func(context.Context, *nats.Msg) (*nats.Msg, error)

	sessions *sessions
}

// Options are the settings of New that a caller passes through from its own caller.
type Options struct {
	Timeout time.Duration // for one answer of the server; 0 = 5 s
	Log     zerolog.Logger
}

// New returns a link on a connection. It starts a goroutine that ends when nc is closed.
func New(nc *nats.Conn, js jetstream.JetStream, o Options) *Link {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	return &Link{
		NC: nc, JS: js, API: apiPrefix(js), Timeout: o.Timeout, Log: o.Log,
		RawRequest: nc.RequestMsgWithContext, sessions: newSessions(nc),
	}
}

// KeySubject returns the subject to which a message is published that belongs into a key-value bucket; subject is
// that of the key in the bucket's stream. A leaf node passes no subject of $KV between JetStream domains. The
// server maps this prefix to the same subject in the domain (nats-server, generateJSMappingTable), and nats.go's
// key-value interface publishes to it too. Subjects of other streams, and those of $JS.ACK, pass as they are.
func (l *Link) KeySubject(subject string) string {
	if l.API == defaultAPI {
		return subject
	}
	return l.API + subject
}

// defaultAPI is the subject prefix of the JetStream API of a connection without a domain or a prefix of its own.
const defaultAPI = "$JS.API."

// apiPrefix returns the subject prefix of the JetStream API: that of the connection's domain or
// prefix if it has one, else "$JS.API.".
func apiPrefix(js jetstream.JetStream) string {
	o := js.Options()
	switch {
	case o.APIPrefix != "":
		return o.APIPrefix + "."
	case o.Domain != "":
		return "$JS." + o.Domain + ".API."
	}
	return defaultAPI
}
