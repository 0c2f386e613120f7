package main

import (
	"bytes"
	"slices"
	"testing"
	"time"

	ucli "github.com/urfave/cli/v2"
	"gopkg.in/yaml.v3"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/unit"
)

// lists appends all lists of strings in a document of YAML.
func lists(v any, found [][]string) [][]string {
	switch v := v.(type) {
	case map[string]any:
		for _, x := range v {
			found = lists(x, found)
		}
	case []any:
		var words []string
		for _, x := range v {
			word, ok := x.(string)
			if !ok {
				found = lists(x, found)
				continue
			}
			words = append(words, word)
		}
		found = append(found, words)
	}
	return found
}

// TestUnitFlags: each command line of a worker in the printed files is one that this program accepts.
func TestUnitFlags(t *testing.T) {
	for _, kind := range []string{"k8s", "compose"} {
		for _, scrape := range []bool{false, true} {
			o := unit.Options{Program: unit.Consumer, Name: "w-1", Server: "nats://n:4222", Creds: "/x.creds", Drain: 25 * time.Second, Scrape: scrape}
			var text bytes.Buffer
			if err := unit.Write(&text, kind, o); err != nil {
				t.Fatal(err)
			}
			var document any
			if err := yaml.Unmarshal(text.Bytes(), &document); err != nil {
				t.Fatal(err)
			}
			runs, probes := 0, 0
			for _, words := range lists(document, nil) {
				switch {
				case len(words) > 0 && words[0] == "run":
					runs++
				case slices.Contains(words, "/usr/local/bin/consumer") && len(words) > 1:
					probes++
					words = words[slices.Index(words, "/usr/local/bin/consumer")+1:]
				default:
					continue
				}
				accepts(t, words)
			}
			if runs != 1 || probes == 0 {
				t.Errorf("%s: %d command lines of a worker, %d probes", kind, runs, probes)
			}
		}
	}
}

// accepts fails unless the program accepts a command line.
func accepts(t *testing.T, words []string) {
	t.Helper()
	checked := false
	work, ask := runCommand(), command.HealthCommand("", "")
	work.Action = func(c *ucli.Context) error {
		checked = true
		if _, err := workerOptions(c); err != nil {
			return err
		}
		return command.CheckListen(c)
	}
	ask.Action = func(c *ucli.Context) error { checked = true; return cli.NoArgs(c) }
	app := &ucli.App{Name: "consumer", Flags: append(cli.ConnectionFlags(), cli.LogFlags()...), Commands: []*ucli.Command{work, ask}, DisableSliceFlagSeparator: true, Writer: new(bytes.Buffer)}
	// Flags of the connection belong to the app: the program's own parser puts them before the command.
	if err := app.Run(append([]string{"consumer"}, connectionFirst(words)...)); err != nil || !checked {
		t.Errorf("%q: %v", words, err)
	}
}

// connectionFirst moves the flags of the connection and of the log before the command.
func connectionFirst(words []string) (ordered []string) {
	var rest []string
	for i := 0; i < len(words); i++ {
		if slices.Contains([]string{"-s", "--creds", "--log-format"}, words[i]) {
			ordered = append(ordered, words[i], words[i+1])
			i++
			continue
		}
		rest = append(rest, words[i])
	}
	return append(ordered, rest...)
}
