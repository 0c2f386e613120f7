package fleet

import (
	"context"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// FACTOR_JOBS has manifests under job ids, standings under "worker.<name>", and parts under "part.<parent>.<child>". No
// job id has a dot, so the filter "*" selects the manifests, "worker.*" the standings and "part.*.*" the parts. Both are in one bucket,
// because fleets that the first release has set up have no other, and init never changes what exists.

// A key is one of FACTOR_JOBS with its value at a revision.
type key struct {
	name     string
	value    []byte // nil if the key was deleted
	revision uint64
	stored   time.Time // by the server's clock
}

// followKeys calls put with the keys of FACTOR_JOBS that match the filter, as they stand
// and after each change, until ctx ends, and caughtUp once when put has had all that was stored. It
// returns the error of stream.Follow. put and caughtUp are called by the caller's goroutine. If the
// server has lost messages, all keys that it still has are delivered again.
//
// nats.go's own watch may take half a minute to notice that a server is back.
func (f *Fleet) followKeys(ctx context.Context, filter string, put func(key), caughtUp func()) error {
	return f.followKeysAgain(ctx, filter, put, caughtUp, nil)
}

// followKeysAgain is followKeys. reopened is that of stream.Source.
func (f *Fleet) followKeysAgain(ctx context.Context, filter string, put func(key), caughtUp func(), reopened func(lost bool)) error {
	prefix := schema.KeyPrefix(schema.BucketJobs)
	source := stream.Source{Stream: schema.BucketStream(schema.BucketJobs), Filter: prefix + filter, Latest: true, Reopened: reopened}
	return f.link.Follow(ctx, source, func(batch []stream.Message, _ uint64) error {
		for _, m := range batch {
			put(keyOf(m.Subject, m.Header, m.Data, m.Seq, m.Stored))
		}
		return nil
	}, caughtUp)
}

// keyOf returns the key that a message of FACTOR_JOBS has stored. A key whose message has the header
// KV-Operation, DEL or PURGE, was deleted (ADR-8); one with Nats-Marker-Reason has expired (ADR-43).
func keyOf(subject string, header nats.Header, value []byte, revision uint64, stored time.Time) key {
	if value == nil {
		value = []byte{}
	}
	if header.Get("KV-Operation") != "" || header.Get("Nats-Marker-Reason") != "" {
		value = nil
	}
	return key{strings.TrimPrefix(subject, schema.KeyPrefix(schema.BucketJobs)), value, revision, stored}
}
