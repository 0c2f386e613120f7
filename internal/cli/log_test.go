package cli

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestPositionsInLog: lines for people have positions from 1, lines in JSON have the names of ranges.
func TestPositionsInLog(t *testing.T) {
	for format, wants := range map[string][]string{
		"text": {"position=17", `position="17 to 59"`, "range=-", "range=x-1"},
		"json": {`"range":"16-1"`, `"range":"16-43"`, `"range":"-"`, `"range":"x-1"`},
	} {
		app := &cli.App{Flags: LogFlags(), Metadata: make(map[string]any)}
		var out strings.Builder
		app.Action = func(c *cli.Context) error {
			log, err := NewLogger(c, &out)
			for _, r := range []string{"16-1", "16-43", "-", "x-1"} {
				log.Info().Str("range", r).Msg("m")
			}
			return err
		}
		if err := app.Run([]string{"x", "--log-format", format}); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(out.String(), "\n")
		for i, want := range wants {
			if !strings.Contains(lines[i], want) {
				t.Errorf("%s: %q, want %q", format, lines[i], want)
			}
		}
	}
}
