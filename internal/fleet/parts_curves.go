package fleet

import (
	"context"
	"fmt"

	"factorfleet/internal/stream"
)

// PurgeYields removes the yields of a part up to the sequence last. The conductor of curves needs a yield once: what
// counts is in the manifest. So the yields of a campaign that runs for days need little room.
func (f *Fleet) PurgeYields(ctx context.Context, child string, last uint64) error {
	list := []purge{{stream: f.results, subject: resultsFilter(child), last: last}}
	if err := f.link.Retry(ctx, func() error { return f.purge(ctx, child, list) }); err != nil {
		return fmt.Errorf("remove yields of part %s: %w", child, stream.Explain(err))
	}
	return nil
}
