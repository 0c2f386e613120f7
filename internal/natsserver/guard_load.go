package natsserver

import (
	"fmt"

	"github.com/nats-io/nats-server/v2/server"
)

// An excess is what is too much: requests that are remembered, or pull requests that wait at a consumer.
type excess struct {
	count, limit int
	connections  int
	consumer     string // "" = requests that are remembered
}

func (e excess) String() string {
	if e.consumer == "" {
		return fmt.Sprintf("of the %d requests that the server must remember", e.count)
	}
	return fmt.Sprintf("of the %d pull requests that waited at consumer %s, and took the tasks from the others", e.count, e.consumer)
}

// Limits of what is normal. A worker has one pull request that waits at each durable, and at most 4096
// remembered requests (puller.inboxRequests). After a reconnect, its pull request from before may wait beside the
// new one. After many connections have ended, theirs may wait for a moment. So more than two for each connection
// are too much, if that lasts for moreLooks looks.
const (
	fewRequests, userRequests = 100_000, 5000
	mostRequests              = 500_000 // unless there are so many connections that each needs usualRequests
	usualRequests             = 2048    // of a worker with very short tasks
	fewWaiting, userWaiting   = 4, 2
	moreLooks                 = 5
)

// enough returns how many requests may end for other reasons at the moment at which so many connections of a user
// are closed: those of the user as long as it is normal, and the waiting requests of all others when tasks come.
func (e excess) enough(closed int) int {
	if e.consumer != "" {
		return fewWaiting + e.connections + closed
	}
	return 2*userRequests + usualRequests*closed
}

// excess returns what is too much for so many connections, and false if nothing is.
func (g *guard) excess(connections int) (excess, bool) {
	requests, waiting, consumer := g.load()
	normal := fewWaiting + userWaiting*connections
	if g.more++; waiting <= normal {
		g.more = 0
	}
	if g.more >= moreLooks {
		return excess{waiting, normal, connections, consumer}, true
	}
	limit := max(min(fewRequests+userRequests*connections, mostRequests), usualRequests*connections)
	return excess{requests, limit, connections, ""}, requests > limit
}

// measure returns the number of requests that are remembered, and the consumer at which most pull requests
// wait, of those from which the users may pull.
func (g *guard) measure() (requests, waiting int, consumer string) {
	if a, err := g.s.ns.LookupAccount(g.s.security.StreamKey); err == nil {
		requests = a.NumPendingAllResponses()
	}
	detail, err := g.s.ns.JszAccount(&server.JSzOptions{Account: g.s.security.StreamKey, Streams: true, Consumer: true})
	if err != nil {
		return requests, 0, ""
	}
	for _, s := range detail.Streams {
		if !g.streams[s.Name] {
			continue
		}
		for _, c := range s.Consumer {
			if c.NumWaiting > waiting {
				waiting, consumer = c.NumWaiting, c.Name
			}
		}
	}
	return requests, waiting, consumer
}
