package collect

import (
	"context"
	"fmt"

	"factorfleet/internal/task"
)

// texts are the expressions of a range that is being emitted, by position. Those in front were returned.
type texts []task.Written

// written returns the expressions of r.
func (c *Collector) written(ctx context.Context, r task.Range) (texts, error) {
	if c.cfg.Written == nil {
		return nil, nil
	}
	list, err := c.cfg.Written(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("expressions of %v: %w", r, err)
	}
	return list, nil
}

// next returns the expression of a position, "" if it has none. Positions must ascend from call to call.
func (t *texts) next(position uint64) string {
	if len(*t) == 0 || (*t)[0].At != position {
		return ""
	}
	text := (*t)[0].Text
	*t = (*t)[1:]
	return text
}
