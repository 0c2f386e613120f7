package stream

import "errors"

var (
	// ErrNotProvisioned is wrapped by NotProvisioned if a stream, bucket or durable does not exist.
	ErrNotProvisioned = errors.New("not set up")
	// ErrFull is wrapped by the error of a write that the server refused for lack of space.
	ErrFull = errors.New("the store of the nats server is full")
	// ErrReconnected is returned for a request that was sent on a connection which has been lost.
	// Its answer will not come. The server may or may not have carried it out.
	ErrReconnected = errors.New("the connection was lost before the answer came")
	// ErrNoQuorum says that an answer may be out of date: the server that gave it may be cut off from
	// its cluster. Retry repeats the request.
	ErrNoQuorum = errors.New("the server that answers may be cut off from its cluster")
	// ErrStale is for callers of Retry: the server does not find a message that was stored. A
	// replica that lags behind may still get it, so Retry repeats the request.
	ErrStale = errors.New("the server does not find a message that was stored")

	errGap    = errors.New("a message was lost on its way")
	errSilent = errors.New("no answer to a request for messages")
)
