package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	ucli "github.com/urfave/cli/v2"
	"gopkg.in/yaml.v3"

	"factorfleet/internal/cli"
	"factorfleet/internal/unit"
)

// TestUnitFlags: the command line of a supervisor in the printed manifest is one that this program accepts.
func TestUnitFlags(t *testing.T) {
	for _, scrape := range []bool{false, true} {
		var text bytes.Buffer
		if err := unit.Write(&text, "k8s", unit.Options{Program: unit.Producer, Server: "nats://n:4222", Creds: "/x.creds", Scrape: scrape}); err != nil {
			t.Fatal(err)
		}
		var d struct {
			Spec struct {
				Template struct {
					Spec struct{ Containers []struct{ Args []string } }
				}
			}
		}
		if err := yaml.Unmarshal(text.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		args := d.Spec.Template.Spec.Containers[0].Args
		var app, command []string // the flags of the connection belong to the app
		for i := 1; i < len(args); i += 2 {
			if slices.Contains([]string{"-s", "--creds", "--log-format"}, args[i]) {
				app = append(app, args[i], args[i+1])
			} else {
				command = append(command, args[i], args[i+1])
			}
		}
		checked := false
		serve := serveCommand()
		serve.Action = func(c *ucli.Context) error { checked = true; return checkServe(c) }
		program := &ucli.App{Name: "producer", Flags: append(cli.ConnectionFlags(), cli.LogFlags()...), Commands: []*ucli.Command{serve}, Writer: new(strings.Builder)}
		if err := program.Run(slices.Concat([]string{"producer"}, app, args[:1], command)); err != nil || !checked {
			t.Errorf("%q: %v", args, err)
		}
	}
}
