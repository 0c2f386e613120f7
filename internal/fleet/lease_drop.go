package fleet

import (
	"context"
	"fmt"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// DropLeases removes all leases, so that the jobs of processes that have died need not wait until these expire. No
// other process may have one: the caller alone can reach the server.
func (f *Fleet) DropLeases(ctx context.Context) error {
	s, err := f.link.JS.Stream(ctx, schema.BucketStream(schema.BucketLeases))
	if err == nil {
		err = s.Purge(ctx)
	}
	if err != nil {
		return fmt.Errorf("remove the leases of processes that have died: %w", stream.Explain(err))
	}
	return nil
}
