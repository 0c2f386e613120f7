package main

import (
	"fmt"
	"strings"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/command"
	"factorfleet/internal/observe"
	"factorfleet/internal/text"
)

// printServer prints one line about the server, and one about each finding.
func printServer(c *ucli.Context, r *observe.Server) {
	v := &r.Server
	parts := []string{"server: nats-server " + v.Version}
	if v.Cluster != "" {
		parts = append(parts, "cluster: "+v.Cluster)
	}
	if v.Replicas > 1 {
		parts = append(parts, fmt.Sprintf("replicas: %d", v.Replicas))
	}
	parts = append(parts, "stored: "+text.Bytes(int64(v.Stored))+ofLimit(v.StoreLimit))
	if v.StreamLimit >= 0 {
		parts = append(parts, fmt.Sprintf("streams: %d of %d", v.Streams, v.StreamLimit))
	}
	parts = append(parts, "max_payload: "+text.Bytes(v.MaxPayload))
	fmt.Fprintln(c.App.Writer, strings.Join(parts, "  "))
	for _, f := range r.Findings {
		fmt.Fprintln(c.App.Writer, f)
	}
}

// ofLimit returns " of LIMIT", "" if there is none.
func ofLimit(limit int64) string {
	if limit < 0 {
		return ""
	}
	return " of " + text.Bytes(limit)
}

// serverStatus prints the report about a server some of whose streams are missing. If all are, it prints nothing: the
// error of the command says it.
func serverStatus(c *ucli.Context, s *command.Session) error {
	snapshot, err := s.Inspect(c)
	if err != nil {
		return err
	}
	if snapshot.Replicas() == 0 {
		return nil
	}
	r := observe.ServerOf(snapshot)
	if c.Bool("json") {
		return command.PrintJSON(c, r)
	}
	printServer(c, &r)
	return nil
}
