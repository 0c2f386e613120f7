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

// Error codes of JetStream that nats.go does not name, with their constants in errors.json of
// nats-server 2.15.2.
const (
	codeLimits           = 10077 // JSStreamStoreFailedF: a limit of the stream; the description says which
	codeInsufficient     = 10023 // JSInsufficientResourcesErr: no space left in the server's store
	codeAccountLimits    = 10002 // JSAccountResourcesExceededErr: no space left for this account
	codeStreamOffline    = 10118 // JSStreamOfflineErr
	codeTempNotAvailable = 10008 // JSClusterNotAvailErr
	codeNotLeader        = 10009 // JSClusterNotLeaderErr
	codeDeleteFailed     = 10057 // JSStreamMsgDeleteFailedF: a deletion of a message that does not exist
	codeTTLDisabled      = 10166 // JSMessageTTLDisabledErr
	codeSequenceNotFound = 10043 // JSSequenceNotFoundErrF
	codeIncompleteBatch  = 10176 // JSAtomicPublishIncompleteBatchErr: the server has lost its beginning
	codeTooManyBatches   = 10210 // JSAtomicPublishTooManyInflight
	codeTooManyRequests  = 10167 // JSStreamTooManyRequests: too many messages of all clients wait to be stored
)

// perSubject is in the description of codeLimits if the stream has a message of this subject already.
const perSubject = "per subject"

// NotProvisioned returns the error for a stream, bucket or durable that could not be opened. kind is
// "stream", "bucket" or "durable". The error wraps ErrNotProvisioned if none of that name exists.
func NotProvisioned(kind, name string, err error) error {
	if isMissing(err) {
		return fmt.Errorf("%w: the server has no %s %s", ErrNotProvisioned, kind, name)
	}
	return fmt.Errorf("open %s %s: %w", kind, name, Explain(err))
}

// isMissing reports whether err says that a stream, bucket or durable does not exist. Watches of package jetstream
// return the errors of package nats.
func isMissing(err error) bool {
	for _, missing := range []error{
		jetstream.ErrStreamNotFound, jetstream.ErrBucketNotFound, jetstream.ErrConsumerNotFound,
		nats.ErrStreamNotFound, nats.ErrBucketNotFound, nats.ErrConsumerNotFound,
	} {
		if errors.Is(err, missing) {
			return true
		}
	}
	return false
}

// Explain returns an error that names the cause in the user's terms and, where one exists, the remedy.
// err stays wrapped wherever Retry needs it to decide. Other errors are returned unchanged.
func Explain(err error) error {
	switch {
	case errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
		return fmt.Errorf("%w: the account of this client has no JetStream on this nats server; use the credentials of an account that has it, or enable it with `jetstream: enabled` in the account", natsconn.ErrConnect)
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled):
		return fmt.Errorf("%w: this nats server runs without JetStream; start it with -js", natsconn.ErrConnect)
	case errors.Is(err, nats.ErrNoResponders):
		return natsconn.Errorf(err, "%v: JetStream does not answer on this nats server; start it with -js", natsconn.ErrConnect)
	case errors.Is(err, nats.ErrConnectionClosed):
		return natsconn.ErrClosed
	case IsFull(err):
		return &fullError{err}
	case isMissing(err):
		return fmt.Errorf("%w: %w", ErrNotProvisioned, err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return fmt.Errorf("%w: no answer from the nats server: %w", natsconn.ErrConnect, err)
	}
	return err
}

// IsFull reports whether the server has refused a write for lack of space.
func IsFull(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && isFullCode(int(api.ErrorCode), api.Description)
}

// isFullCode reports whether a code of JetStream means that there is no space: in the stream, in the
// account or in the server. The limit "per subject" has the same code as the others but means that
// the message is a duplicate.
func isFullCode(code int, description string) bool {
	switch code {
	case codeInsufficient, codeAccountLimits:
		return true
	case codeLimits:
		return !strings.Contains(description, perSubject)
	}
	return false
}

// A fullError is ErrFull with the server's reason in brackets.
type fullError struct{ cause error }

func (e *fullError) Error() string {
	var api *jetstream.APIError
	if errors.As(e.cause, &api) {
		return ErrFull.Error() + " (" + api.Description + ")"
	}
	return ErrFull.Error()
}

func (e *fullError) Unwrap() []error { return []error{ErrFull, e.cause} }

// IsConflict reports whether a conditional write failed because another client has written the key
// since it was read. The server has a second code for a write to the same key that is still in flight
// (nats-server, jetstream_batching.go).
func IsConflict(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, jetstream.ErrKeyExists) ||
		errors.As(err, &api) && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// IsNotFound reports whether err says that the requested message does not exist.
func IsNotFound(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, jetstream.ErrMsgNotFound) || errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeMessageNotFound
}

// IsTTLDisabled reports whether a publish failed because the stream permits no time to live of single messages.
func IsTTLDisabled(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == codeTTLDisabled
}
