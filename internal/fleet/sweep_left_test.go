package fleet

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"factorfleet/internal/attempt"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// TestLogLeft: the reason for which a worker leaves an item to others is logged, once for many. A worker that hands back
// what is not for it has no reason.
func TestLogLeft(t *testing.T) {
	var log bytes.Buffer
	s := newSweeper(&Failures{f: &Fleet{link: &stream.Link{Log: zerolog.New(&log)}}})
	at := schema.Place{Address: task.Address{Job: "j", Range: single(1)}, Worker: "w"}
	s.logLeft(at, attempt.NotHereDetail)
	if log.Len() > 0 {
		t.Errorf("not for it: %s", log.String())
	}
	for range 2 {
		s.logLeft(at, "exit status 75")
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"worker":"w","cause":"exit status 75"`) {
		t.Errorf("%s", got)
	}
}
