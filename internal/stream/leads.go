package stream

import (
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// seenWithin is how long ago a leader has heard of another replica, which answers it every
// second.
const seenWithin = 4 * time.Second

// HasQuorum reports whether the server that has answered for a stream sees a majority of its
// replicas. One that does not may lead no more, and not know what was stored since.
func HasQuorum(info *jetstream.StreamInfo) bool {
	if info.Cluster == nil {
		return true
	}
	seen := 1
	for _, r := range info.Cluster.Replicas {
		if !r.Offline && r.Active < seenWithin {
			seen++
		}
	}
	return 2*seen > len(info.Cluster.Replicas)+1
}
