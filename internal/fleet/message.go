package fleet

import (
	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
)

// message returns a message of this program, to be stored: its header says with which version of the wire
// format the payload was written, so that a reader of another version can refuse it.
func message(subject string, payload []byte) *nats.Msg {
	return &nats.Msg{Subject: subject, Header: schema.Header(), Data: payload}
}
