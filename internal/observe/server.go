package observe

import (
	"factorfleet/internal/fleet"
	"factorfleet/internal/text"
)

// A Server is what `status` says of the server, and of what is wrong with it or with the streams.
type Server struct {
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

// ServerOf returns the report about a snapshot.
func ServerOf(s fleet.Snapshot) (r Server) {
	r.Server.Version, r.Server.Cluster, r.Server.MaxPayload = text.Sanitize(s.Version, 40), text.Sanitize(s.Cluster, 100), s.MaxPayload
	r.Server.Replicas, r.Server.Stored = s.Replicas(), s.Stored()
	r.Server.StoreLimit, r.Server.StreamLimit, r.Server.Streams = s.Limits(max(1, r.Server.Replicas))
	r.Findings = append([]fleet.Finding{}, fleet.Findings(s, fleet.Provision{})...)
	return r
}
