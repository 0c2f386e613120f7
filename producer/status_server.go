package main

import (
	"fmt"
	"strings"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/text"
)

// A serverReport is what `status` says of the server, and of what is wrong with it or with the streams.
type serverReport struct {
	Server struct {
		Version    string `json:"version"`
		Cluster    string `json:"cluster"`     // its name; "" = the server is alone
		Replicas   int    `json:"replicas"`    // servers that store each stream; 0 = there is no stream
		MaxPayload int64  `json:"max_payload"` // bytes of a message

		// Of the account; -1 = no limit, or the credentials do not permit to see it.
		Stored      uint64 `json:"stored"`       // bytes of the streams of the fleet, on one server
		StoreLimit  int64  `json:"store_limit"`  // bytes
		Streams     int    `json:"streams"`      // of the account
		StreamLimit int    `json:"stream_limit"` // of the account
	} `json:"server"`
	Findings []fleet.Finding `json:"findings"`
}

// reportServer returns the report about a snapshot.
func reportServer(s fleet.Snapshot) (r serverReport) {
	r.Server.Version, r.Server.Cluster, r.Server.MaxPayload = text.Sanitize(s.Version, 40), text.Sanitize(s.Cluster, 100), s.MaxPayload
	r.Server.Replicas, r.Server.Stored = s.Replicas(), s.Stored()
	r.Server.StoreLimit, r.Server.StreamLimit, r.Server.Streams = s.Limits(max(1, r.Server.Replicas))
	r.Findings = append([]fleet.Finding{}, fleet.Findings(s, fleet.Provision{})...)
	return r
}

// print prints one line about the server, and one about each finding.
func (r *serverReport) print(c *ucli.Context) {
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
	r := reportServer(snapshot)
	if c.Bool("json") {
		return command.PrintJSON(c, r)
	}
	r.print(c)
	return nil
}
