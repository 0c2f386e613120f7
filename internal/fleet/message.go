package fleet

import (
	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
)

// message returns a message of this program.
func message(subject string, payload []byte) *nats.Msg {
	return &nats.Msg{Subject: subject, Header: schema.Header(), Data: payload}
}
