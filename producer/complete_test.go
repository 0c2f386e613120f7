package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"factorfleet/internal/cli"
	"factorfleet/internal/events"
	"factorfleet/internal/monitor"
	"factorfleet/internal/unit"
)

// TestCompleteValues: the completion has the values that the commands take.
func TestCompleteValues(t *testing.T) {
	for line, want := range map[string][]string{
		"check queue --format": monitor.Formats, "events --only": events.GroupNames, "unit --print": unit.Kinds,
		"ls --log-format": {"auto", "text", "json"},
	} {
		var out bytes.Buffer
		a := app()
		a.Writer = &out
		args := slices.Concat([]string{"producer", "__complete", "--"}, strings.Fields(line), []string{""})
		if code := cli.Run(t.Context(), a, args); code != cli.OK {
			t.Errorf("%s: exit code %d", line, code)
		}
		if got := strings.Fields(out.String()); !slices.Equal(got, want) {
			t.Errorf("%s: %q, not %q", line, got, want)
		}
	}
}
