package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Limits of one request for messages, and of one batch that is handed over. Other clients may have
// written messages of any size up to the stream's limit, so bytes are limited as well as counts.
const (
	requestCount = 1024     // messages that one request may bring
	requestBytes = 16 << 20 // bytes of a request; also of a batch
	batchCount   = 256      // messages of a batch
)

const (
	requestWait  = 2 * time.Second // for which a request waits for a first message
	requestGrace = 2 * time.Second // by which the end of a request may be late
)

// request asks for the messages that are stored, or, if there are none, for the first one that comes.
// The fields of a pull request have these meanings (nats-server, consumer.go: processNextMsgRequest):
//
//	batch         most messages to send
//	max_bytes     most bytes to send; a message that does not fit ends the request with 409
//	no_wait       send the messages that are stored, and end the request
//	expires       ns; with no_wait: if none is stored, wait as long for the first. 0 = do not wait
//
// Messages that the server has announced (Pending) are requested without waiting: if they were deleted
// meanwhile, the answer says so at once.
func (f *follower) request() error {
	wait := requestWait
	if f.at.Pending > 0 {
		wait = 0
	}
	f.requests++
	f.outstanding = requestCount
	body := fmt.Appendf(nil, `{"batch":%d,"max_bytes":%d,"no_wait":true,"expires":%d}`, requestCount, requestBytes, wait.Nanoseconds())
	subject := f.link.API + "CONSUMER.MSG.NEXT." + f.Stream + "." + f.consumer
	return f.link.NC.PublishRequest(subject, f.replySubject(), body)
}

// replySubject returns the subject to which the request's end is sent. The number of the request in it
// distinguishes its end from the late end of an earlier one.
func (f *follower) replySubject() string {
	return strings.TrimSuffix(f.sub.Subject, "*") + strconv.FormatUint(f.requests, 36)
}

// finish receives messages until the request has ended. An error means that the consumer cannot be
// used any more.
func (f *follower) finish(ctx context.Context) error {
	timer := time.NewTimer(requestWait + requestGrace)
	defer timer.Stop()
	for f.outstanding > 0 {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-f.session.Done():
			return ErrReconnected
		case <-timer.C:
			// On a slow network the next message may arrive together with the flush.
			if !f.link.Flushed(ctx) || len(f.messages) == 0 {
				return errSilent
			}
		case m := <-f.messages:
			switch status := m.Header.Get("Status"); {
			case len(m.Data) > 0 || status == "":
				if err := f.take(m); err != nil {
					return err
				}
			case m.Subject == f.replySubject():
				return f.end(status, m)
			}
		}
		timer.Reset(requestWait + requestGrace)
	}
	return nil
}

// take adds a message to the batch, and hands the batch over when it is full.
func (f *follower) take(m *nats.Msg) error {
	at, ok := ParseReply(m.Reply)
	if !ok || at.ConsumerSeq != f.at.ConsumerSeq+1 || at.StreamSeq <= f.received {
		return errGap
	}
	f.at, f.received = at, at.StreamSeq
	f.outstanding--
	f.batch = append(f.batch, Message{Subject: m.Subject, Header: m.Header, Seq: at.StreamSeq, Stored: time.Unix(0, at.Stored), Data: m.Data})
	f.batchBytes += len(m.Data)
	if len(f.batch) >= batchCount || f.batchBytes >= requestBytes {
		return f.handOver()
	}
	return nil
}

// end checks the status message that ends a request against what has come:
//
//	404         no message is left. If some were announced they are deleted, or lost on their way.
//	            Only a new consumer can tell.
//	408, 409    the time, a limit of bytes or the consumer has ended. The server says how many
//	            messages of the request it did not send; if fewer came, one was lost.
func (f *follower) end(status string, m *nats.Msg) error {
	description := m.Header.Get("Description")
	switch status {
	case "404":
		if f.at.Pending > 0 {
			return errGap
		}
	case "408", "409":
		unsent, err := strconv.Atoi(m.Header.Get("Nats-Pending-Messages"))
		if err != nil {
			return errors.New("the server ended a request for messages: " + description)
		}
		if unsent != f.outstanding {
			return errGap
		}
	default:
		return fmt.Errorf("the server answered a request for messages with %s %s", status, description)
	}
	f.outstanding = 0
	return nil
}
