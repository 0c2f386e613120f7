package fleet

import (
	"context"
	"sync"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/text"
)

// A clock estimates the time of the server. Times that one process writes and another compares are the
// server's: the clock of one machine may be wrong by any time, and must not expire the jobs of others.
//
// An answer of the server with its time s, requested at a and received at b on the clock of this process,
// gives
//
//	server's time at a + (b-a)/2 = s,  exact to (b-a)/2
//
// From there on the monotonic clock of this process counts. It is the same whatever an operator sets the
// wall clock to. It may stand still while the machine is suspended, so the server's time is requested again
// when an estimate is used that is older than clockAge.
//
// The zero value is the clock of this process. It is safe for concurrent use.
type clock struct {
	mu     sync.Mutex // guards all below
	known  bool
	local  time.Time     // on the clock of this process, with its monotonic reading
	at     time.Time     // the server's time then
	within time.Duration // error of at, at most
	asked  time.Time     // when a measurement was last tried, on the clock of this process
}

const (
	clockAge   = 5 * time.Minute // of a measurement that is used without another one
	clockSlow  = time.Second     // an answer that took longer is used only if it contradicts the estimate
	clockWrong = time.Minute     // a difference of which the user is told
)

// observe takes an answer with the server's time s, which was requested at a and received at b.
func (c *clock) observe(a, b, s time.Time) {
	if s.IsZero() || b.Before(a) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = b
	local, wrong := a.Add(b.Sub(a)/2), b.Sub(a)/2
	if c.known && wrong > clockSlow/2 && c.at.Add(local.Sub(c.local)).Sub(s).Abs() <= wrong+c.within {
		return // it says nothing that is not known better
	}
	c.known, c.local, c.at, c.within = true, local, s, wrong
}

// now returns the estimate for the time t on the clock of this process.
func (c *clock) now(t time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known {
		return t
	}
	return c.at.Add(t.Sub(c.local))
}

// due reports whether the server's time is to be requested again at t. It does so once for each clockAge, so
// that a server which does not answer costs its callers one timeout in that time.
func (c *clock) due(t time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if age := t.Sub(c.asked); age >= 0 && age < clockAge {
		return false
	}
	c.asked = t
	return true
}

// Now returns the server's time. It requests that time if the last request is some minutes old, and waits
// for the answer, at most for the timeout of one. Without an answer it returns an estimate.
func (f *Fleet) Now(ctx context.Context) time.Time {
	if f.clock.due(localNow()) {
		ctx, cancel := context.WithTimeout(ctx, f.link.Timeout)
		defer cancel()
		before := localNow()
		if s, err := f.link.JS.Stream(ctx, schema.StreamTasks); err == nil {
			f.clock.observe(before, localNow(), s.CachedInfo().TimeStamp)
		} else {
			f.link.Log.Debug().Err(err).Msg("cannot read the time of the server")
		}
	}
	return f.now()
}

// Answers requests the state of the queue until ctx ends. It returns nil if JetStream has answered and a majority
// of the queue's replicas is there, else the reason.
func (f *Fleet) Answers(ctx context.Context) error {
	before := localNow()
	s, err := f.link.JS.Stream(ctx, schema.StreamTasks)
	if err != nil {
		return stream.Explain(err)
	}
	f.clock.observe(before, localNow(), s.CachedInfo().TimeStamp)
	if !stream.HasQuorum(s.CachedInfo()) {
		return stream.ErrNoQuorum
	}
	return nil
}

// now is Now without a request.
func (f *Fleet) now() time.Time { return f.clock.now(localNow()).UTC() }

// warnOfClock tells the user if the clock of this machine is wrong.
func (f *Fleet) warnOfClock() {
	local := localNow()
	ahead, where := local.Sub(f.clock.now(local)), "ahead of"
	if ahead < 0 {
		ahead, where = -ahead, "behind"
	}
	if ahead > clockWrong {
		f.link.Log.Warn().Msgf("the clock of this machine is %s %s that of the server; jobs are kept by the server's clock", text.Duration(ahead), where)
	}
}
