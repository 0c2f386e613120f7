package puller

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A durable has a limited number of places for pull requests that wait (schema.DurableConsumer), and
// serves these requests in turn. The server has no limit for one user. A request without an expiry waits for
// as long as its subscription lives, whatever the durable's limit of expiries (seen with nats-server
// 2.15.2). So a hostile worker can take every place, and most of the tasks. The other workers would look
// idle, so they say what happens.

// errFull means that a durable has no place for a pull request.
var errFull = errors.New("the durable has no place for a pull request")

// fullDescription is the description of the status 409 of such a request.
const fullDescription = "Exceeded MaxWaiting"

// A placeCheck warns of durables whose places are taken by requests of others. The goroutine of Pull owns it.
type placeCheck struct {
	classes func() []task.Class // from which the worker pulls
	link    *stream.Link
	served  time.Time // when a task came last, or the puller was made
	checked time.Time
}

const (
	checkInterval = time.Minute      // without a task until the first check; between two if a request found no place
	idleInterval  = 10 * time.Minute // between two checks of a worker that gets no tasks
	checkTimeout  = 2 * time.Second  // for one answer

	// A request that found no place is repeated after fullPause to 2 * fullPause. Chance decides which
	// of many workers gets a free place.
	fullPause = 100 * time.Millisecond
)

// awaitPlace waits before the next request, after one for which a durable had no place.
func (c *placeCheck) awaitPlace(ctx context.Context) {
	c.check(ctx, true)
	stream.Sleep(ctx, fullPause+rand.N(fullPause))
}

// check warns of durables of which at least half of the places are taken, once in checkInterval if full says that a
// request has found no place. Else it does so once in idleInterval, while no tasks come.
func (c *placeCheck) check(ctx context.Context, full bool) {
	now := time.Now()
	if full && now.Sub(c.checked) < checkInterval || !full && (now.Sub(c.checked) < idleInterval || now.Sub(c.served) < checkInterval) {
		return
	}
	c.checked = now
	for _, class := range c.classes() {
		name := schema.Durable(class)
		state, err := lookAtDurable(ctx, c.link, name)
		if err != nil {
			c.link.Log.Debug().Err(err).Msgf("cannot count the pull requests that wait at durable %s", name)
			continue
		}
		state.warn(c.link, name)
		waiting, places := state.NumWaiting, state.Config.MaxWaiting
		if places > 0 && waiting >= places/2 {
			c.link.Log.Warn().Msgf("%d of %d pull requests wait at durable %s, so that this worker gets few tasks or none; "+
				"unless the fleet has so many workers, one of them holds requests back: revoke its keys with `embedded keys revoke`", waiting, places, name)
		}
	}
}
