package puller

import (
	"context"
	"slices"
	"strings"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// PollRoutes looks for durables of the worker's offers that no order has named, until ctx ends: there may be no process
// that sends orders. It does nothing for a worker that offers nothing but numbers of any size, and little while orders come.
func (c *Client) PollRoutes(ctx context.Context) {
	routes := polledRoutes(c.puller.offers)
	for len(routes) > 0 {
		if c.puller.silentFor() >= pollInterval {
			c.poll(ctx, routes)
		}
		if stream.Sleep(ctx, pollInterval) != nil {
			return
		}
	}
}

// silentFor returns for how long no order has named classes.
func (p *puller) silentFor() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Since(p.heard)
}

// poll looks for the durables of the routes, one after the other.
func (c *Client) poll(ctx context.Context, routes []string) {
	var found []task.Class
	for _, route := range routes {
		for _, priority := range task.Classes {
			class := priority.Routed(route)
			if slices.Contains(c.puller.known(), class) {
				continue
			}
			if _, err := lookAtDurable(ctx, c.link, schema.Durable(class)); err == nil {
				found = append(found, class)
			}
		}
	}
	if len(found) > 0 {
		c.puller.learn(found)
	}
}

// polledRoutes returns the routes of all sets of the offers, at most maxPolled, the small ones first.
func polledRoutes(offers []string) (routes []string) {
	if len(offers) == 0 || len(offers) == 1 && offers[0] == task.OfferLarge {
		return nil
	}
	sets := [][]string{nil}
	for size := 0; size < task.MaxOffers && len(routes) < maxPolled; size++ {
		var larger [][]string
		for _, set := range sets {
			for _, offer := range offers {
				if len(set) == 0 || set[len(set)-1] < offer {
					larger = append(larger, append(slices.Clip(set), offer))
				}
			}
		}
		for _, set := range larger {
			routes = append(routes, strings.Join(set, "+"))
		}
		sets = larger
	}
	return routes[:min(len(routes), maxPolled)]
}
