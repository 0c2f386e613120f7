package stream

import (
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// replicaTimeout is the age of a replica's last answer from which the replica counts as unreachable.
// A leader sends heartbeats every second (nats-server, raft.go: hbIntervalDefault). The leader itself
// gives up only after 10 s (lostQuorumIntervalDefault), too late for an answer that is used now.
const replicaTimeout = 4 * time.Second

// HasQuorum reports whether the server that has answered for a stream hears a majority of the
// stream's replicas, itself included:
//
//	2 * (replicas heard + 1) > other replicas + 1
//
// Without a majority the server may have lost the leadership. Its answer may then lack messages that
// the new leader has stored since. A stream without a cluster always has a quorum.
func HasQuorum(info *jetstream.StreamInfo) bool {
	if info.Cluster == nil {
		return true
	}
	heard := 1
	for _, r := range info.Cluster.Replicas {
		if !r.Offline && r.Active < replicaTimeout {
			heard++
		}
	}
	return 2*heard > len(info.Cluster.Replicas)+1
}
