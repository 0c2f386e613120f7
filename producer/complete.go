package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"

	"factorfleet/internal/cli"
)

// completeTimeout is how long the completion waits for a server.
const completeTimeout = "1s"

// completeArguments returns the jobs, or the workers, of the fleet for a command that takes one. words are those of the
// command line: the flags among them say how to reach NATS. Without a server there are no candidates.
func completeArguments(placeholder string, words []string) (list []cli.Candidate) {
	args := []string{"producer", "--log-level", "error", "--timeout", completeTimeout}
	switch {
	case strings.HasPrefix(placeholder, "JOB"):
		args = append(args, "ls", "--json")
	case strings.HasPrefix(placeholder, "NAME"):
		args = append(args, "workers", "ls", "--json")
	default:
		return nil
	}
	var out bytes.Buffer
	a := app()
	a.Writer, a.ErrWriter = &out, io.Discard
	if cli.Run(context.Background(), a, append(args, cli.FlagsOf(app(), words)...)) != cli.OK {
		return nil
	}
	var rows []struct{ ID, Name, State string }
	if json.Unmarshal(out.Bytes(), &rows) != nil {
		return nil
	}
	for _, r := range rows {
		list = append(list, cli.Candidate{Word: r.ID + r.Name, About: r.State})
	}
	return list
}
