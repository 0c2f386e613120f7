package fleet

import (
	"context"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// Messages of FACTOR_TASKS that are in no class have no durable: nothing ever removes them. (Those of a class with a route
// are not junk: its durable may be missing for a while, and without a job they are orphans.) Any producer can store
// them, and so fill the queue. A few do no harm, and to find them takes a listing of the queue. So a probe looks for
// them only if the queue has junkLeast more messages than the durables count, and more than at the listing before.
const (
	junkLeast  = 1000
	junkGroups = 256 // that one look removes: messages with the same third token in their subjects
)

// removeJunk removes messages that are in no class. counted is how many messages the durables count.
func (p *probe) removeJunk(ctx context.Context, counted uint64) error {
	depth, err := p.f.depth(ctx)
	if err != nil {
		return err
	}
	surplus := depth - min(depth, counted)
	if p.surplus = min(p.surplus, surplus); surplus < p.surplus+junkLeast {
		return nil
	}
	p.surplus = surplus
	info, err := p.f.tasks.Info(ctx, jetstream.WithSubjectFilter(schema.TasksPrefix+">"))
	if err != nil {
		return fmt.Errorf("list %s: %w", schema.StreamTasks, stream.Explain(err))
	}
	filters, count := junkOf(info.State.Subjects)
	for _, filter := range filters { // a purge of what no durable delivers changes nothing for the durables
		if err := p.f.tasks.Purge(ctx, jetstream.WithPurgeSubject(filter)); err != nil {
			return fmt.Errorf("remove messages %s: %w", filter, stream.Explain(err))
		}
	}
	if p.surplus -= min(count, surplus); count > 0 {
		p.f.link.Log.Warn().Uint64("messages", count).Msg("removed messages of no priority from the queue: a producer stores messages that are not tasks")
	}
	return nil
}

// junkOf returns filters of subjects that are in no class, at most junkGroups, and how many messages they match.
func junkOf(subjects map[string]uint64) (filters []string, count uint64) {
	groups := make(map[string]bool)
	for subject, n := range subjects {
		token, _, more := strings.Cut(strings.TrimPrefix(subject, schema.TasksPrefix), ".")
		if more && task.CheckClass(task.Class(token)) == nil {
			continue
		}
		filter := schema.TasksPrefix + token
		if more {
			filter += ".>"
		}
		if !groups[filter] && len(groups) == junkGroups {
			continue
		}
		if count += n; !groups[filter] {
			groups[filter], filters = true, append(filters, filter)
		}
	}
	return filters, count
}
