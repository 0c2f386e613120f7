package stream

import "errors"

var (
	// ErrNotProvisioned is returned when a stream, bucket or durable is missing.
	ErrNotProvisioned = errors.New("not set up")
	// ErrFull is wrapped by an error about something for which the server has no room.
	ErrFull = errors.New("the store of the nats server is full")
	// ErrReconnected is returned when what was sent may have been lost with the connection
	// that was there before.
	ErrReconnected = errors.New("the connection was lost meanwhile")
	// ErrNoQuorum says that an answer may be old. Insist asks again.
	ErrNoQuorum = errors.New("the server that answers may have been cut off from its cluster")
	// ErrStale says that the server does not find what was stored. Insist asks again.
	ErrStale = errors.New("the server does not find an input block")

	errGap    = errors.New("a message was lost")
	errSilent = errors.New("no answer to a request for messages")
)
