package stream

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// DeleteMessage removes a message of a stream. It returns nil if the message is gone already. It sends
// the request itself because the client library's DeleteMsg hides the reason of a failure.
func (l *Link) DeleteMessage(ctx context.Context, stream string, seq uint64) error {
	m := nats.NewMsg(l.API + "STREAM.MSG.DELETE." + stream)
	m.Data = fmt.Appendf(nil, `{"seq":%d,"no_erase":true}`, seq) // no_erase: do not overwrite its bytes
	reply, err := l.Request(ctx, m)
	if err != nil {
		return err
	}
	var answer struct {
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(reply.Data, &answer); err != nil {
		return fmt.Errorf("unreadable answer to a deletion: %w", err)
	}
	if answer.Error == nil {
		return nil
	}
	switch answer.Error.ErrorCode { // which one depends on the type of the store and on the replicas
	case jetstream.JSErrCodeMessageNotFound, codeDeleteFailed, codeSequenceNotFound:
		return nil
	}
	return answer.Error
}
