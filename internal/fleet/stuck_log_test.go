package fleet

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// TestStuckLog: the first time is information, the next ones are warnings with a remedy, at most one a minute.
func TestStuckLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l, start := &stuckLog{link: &stream.Link{Log: zerolog.New(&out)}}, time.Now()
	for _, step := range []struct {
		after time.Duration
		want  string
	}{
		{0, `"level":"info","priority":"norm","tasks":2`},
		{20 * time.Second, `"level":"warn","priority":"norm","tasks":2`},
		{40 * time.Second, ""},
		{79 * time.Second, ""},
		{80 * time.Second, `"level":"warn","priority":"norm","tasks":6`},
		{time.Hour, `"level":"info","priority":"norm","tasks":2`},
	} {
		out.Reset()
		l.requeued(task.ClassNorm, 2, start.Add(step.after))
		if got := out.String(); (got == "") != (step.want == "") || !strings.Contains(got, step.want) || strings.Contains(got, "warn") != strings.Contains(got, "embedded keys revoke") {
			t.Errorf("after %v: %s", step.after, got)
		}
	}
}
