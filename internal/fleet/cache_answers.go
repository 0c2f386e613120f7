package fleet

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// A CachedAnswer is the result for a range of a job whose numbers the cache knows.
type CachedAnswer struct {
	Range task.Range
	Data  []byte // a task.Result of the worker schema.CacheWriter
}

// StoreCachedAnswers stores results for ranges whose numbers are stored. A result that is there already stays. It waits
// while the store is full, until ctx ends. After an error any of the results may be stored. If somebody has stored so many
// false answers in the name of the cache that it is quarantined as a worker would be, they would not be read: that is an
// error, too.
func (f *Fleet) StoreCachedAnswers(ctx context.Context, job string, answers []CachedAnswer) error {
	if f.cacheless {
		return ErrNoCache
	}
	if err := task.CheckJob(job); err != nil {
		return fmt.Errorf("store answers: %w", err)
	}
	if s, err := f.standing(ctx, schema.CacheWriter); err != nil {
		return err
	} else if s.Quarantined != nil {
		return fmt.Errorf("store answers: %q is quarantined: run `producer workers release %s`", schema.CacheWriter, schema.CacheWriter)
	}
	messages := make([]*nats.Msg, len(answers))
	for i, a := range answers {
		messages[i] = message(schema.ResultSubject(job, a.Range, schema.CacheWriter), a.Data)
	}
	return f.link.StoreEach(ctx, messages, nil)
}
