package stream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
)

// An outcome is what is known about one published message, or one atomic batch, after the answer:
//
//	outcome      Store                           StoreAll, for a batch
//	stored       done                            done
//	duplicate    done                            send the messages one by one
//	full         retry while ctx lasts           retry 4 times, then one by one
//	notStored    the same                        the same
//	unknown      retry: perhaps a duplicate      one by one: perhaps duplicates; see LeftFunc
//	refused      error                           one by one, to find the message that is refused
type outcome int

const (
	stored    outcome = iota // it is in the stream
	duplicate                // the stream has a message of this subject already: as good as stored
	full                     // not stored: no space in the stream or the server; later there may be
	notStored                // not stored, for a transient reason
	unknown                  // no answer, or a transient error: stored or not
	refused                  // not stored, and never will be: the message or the stream is wrong
)

// pubAck is the server's answer to a publish.
type pubAck struct {
	Error *apiError `json:"error"`
}

type apiError struct {
	Code        int    `json:"code"`     // like a status of HTTP
	ErrCode     int    `json:"err_code"` // of JetStream; see explain.go
	Description string `json:"description"`
}

func (e *apiError) Error() string { return e.Description }

// ackPrefix begins every answer to a message that was stored. In an answer with an error, the error
// comes first. So the common case needs no JSON parser.
var ackPrefix = []byte(`{"stream"`)

// classify returns the outcome of a publish from its answer, or from the error of the request. The
// error that it returns gives the reason of an outcome that is neither stored nor duplicate.
func classify(reply *nats.Msg, err error) (outcome, error) {
	if err != nil {
		return unknown, err
	}
	if bytes.HasPrefix(reply.Data, ackPrefix) {
		return stored, nil
	}
	var ack pubAck
	if err := json.Unmarshal(reply.Data, &ack); err != nil {
		return unknown, fmt.Errorf("unreadable answer to a publish: %w", err)
	}
	if ack.Error == nil {
		return stored, nil
	}
	return classifyError(ack.Error), ack.Error
}

// classifyError returns the outcome of a publish that the server has answered with an error.
func classifyError(e *apiError) outcome {
	switch {
	case e.ErrCode == codeLimits && strings.Contains(e.Description, perSubject):
		return duplicate
	case isFullCode(e.ErrCode, e.Description):
		return full
	case e.ErrCode == codeIncompleteBatch, e.ErrCode == codeTooManyBatches, e.ErrCode == codeTooManyRequests:
		return notStored
	case e.Code == 503, e.ErrCode == codeNotLeader, e.ErrCode == codeTempNotAvailable, e.ErrCode == codeStreamOffline:
		return unknown
	}
	return refused
}
