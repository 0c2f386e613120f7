package fleet

import (
	"context"
	"strings"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// followKeys calls put with the keys of FACTOR_JOBS that match the filter, as they stand
// and after each change, until ctx ends; value is nil for one that was removed. The
// client library's own watch may take half a minute to see that a server is back.
func (f *Fleet) followKeys(ctx context.Context, filter string, put func(key string, value []byte), caughtUp func()) error {
	const prefix = "$KV." + schema.BucketJobs + "."
	return f.link.Follow(ctx, stream.Source{Stream: "KV_" + schema.BucketJobs, Filter: prefix + filter, Latest: true}, func(batch []stream.Message, _ uint64) error {
		for _, m := range batch {
			value := m.Data
			if m.Header.Get("KV-Operation") != "" || m.Header.Get("Nats-Marker-Reason") != "" {
				value = nil
			}
			put(strings.TrimPrefix(m.Subject, prefix), value)
		}
		return nil
	}, caughtUp)
}
