package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/natsconn"
)

// JetStream's error codes (nats-server errors.json).
const (
	codeLimits           = 10077 // "maximum messages per subject exceeded" or another limit of the stream
	codeInsufficient     = 10023 // no room left in the server's store
	codeAccountLimits    = 10002 // nor in what the account may use of it
	codeStreamOffline    = 10118
	codeTempNotAvailable = 10008
	codeNotLeader        = 10009
	codeNoMessageFound   = 10057
	codeSequenceNotFound = 10043
)

// NotProvisioned returns the error for a stream, bucket or durable that could not be opened: what is its
// kind. It wraps ErrNotProvisioned if there is none of that name.
func NotProvisioned(what, name string, err error) error {
	if errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrBucketNotFound) || errors.Is(err, jetstream.ErrConsumerNotFound) {
		return fmt.Errorf("%w: %s %s is missing; run `producer init` once against this server", ErrNotProvisioned, what, name)
	}
	return fmt.Errorf("open %s %s: %w", what, name, Explain(err))
}

// Explain puts what the client library reports into words a user can act on. The
// cause stays wrapped, for Insist to judge.
func Explain(err error) error {
	switch {
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
		return fmt.Errorf("%w: this nats server runs without JetStream; start it with -js", natsconn.ErrConnect)
	case errors.Is(err, nats.ErrNoResponders):
		return natsconn.Refuse(err, "%v: nobody answers for JetStream on this server; start it with -js", natsconn.ErrConnect)
	case errors.Is(err, nats.ErrConnectionClosed):
		return natsconn.ErrClosed
	case IsFull(err):
		return &fullError{err}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return fmt.Errorf("%w: no answer from the nats server: %w", natsconn.ErrConnect, err)
	}
	return err
}

// IsFull reports whether the server has refused a write for lack of room.
func IsFull(err error) bool {
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode {
	case codeInsufficient, codeAccountLimits:
		return true
	case codeLimits:
		return !strings.Contains(api.Description, "per subject")
	}
	return false
}

// A fullError is ErrFull with the server's reason, in words a user can act on.
type fullError struct{ cause error }

func (e *fullError) Error() string {
	var api *jetstream.APIError
	if errors.As(e.cause, &api) {
		return ErrFull.Error() + " (" + api.Description + ")"
	}
	return ErrFull.Error()
}

func (e *fullError) Unwrap() []error { return []error{ErrFull, e.cause} }

// IsConflict reports whether somebody else wrote the key first.
func IsConflict(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, jetstream.ErrKeyExists) ||
		errors.As(err, &api) && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// IsNotFound reports whether err says that a message is not there.
func IsNotFound(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, jetstream.ErrMsgNotFound) || errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeMessageNotFound
}
