package fleet

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// quietStart is after how long without a change a watch checks whether it has brought all that was stored.
const quietStart = time.Second

// A heartbeatWatch is a watch of the bucket of heartbeats. One goroutine uses it.
type heartbeatWatch struct {
	f       *Fleet
	got     func(*beat) time.Duration
	updates <-chan jetstream.KeyValueEntry
	last    uint64 // the highest sequence of what it has brought
	current bool   // it has brought all that was stored at its start
}

// watchHeartbeats calls got with what is stored in the bucket of heartbeats, then with nil, and then with each
// change, from the caller's goroutine. From nil on, got returns how long to wait for the next change, 0 to end the
// watch.
//
// It uses nats.go's own watch, because producers of the first release have no permission to request messages from
// this stream. That watch may take half a minute to notice that a server is back, so it ends with the connection
// (stream.ErrReconnected). It never notices that the bucket was deleted and created again; so it ends with
// nats.ErrTimeout if nothing has arrived for as long as got was ready to wait.
func (f *Fleet) watchHeartbeats(ctx context.Context, got func(*beat) time.Duration) error {
	lost := f.link.AnswerContext()
	kv, err := f.workers.WatchAll(ctx)
	if err != nil {
		return err
	}
	defer endWatch(kv)
	w := &heartbeatWatch{f: f, got: got, updates: kv.Updates()}
	return w.run(ctx, lost)
}

// run passes on changes until the watch ends.
func (w *heartbeatWatch) run(ctx, lost context.Context) error {
	wait := min(quietStart, w.f.link.Timeout)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for heard := time.Now(); wait > 0; timer.Reset(wait) {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-lost.Done():
			return stream.ErrReconnected
		case e, more := <-w.updates:
			if !more {
				return nats.ErrConnectionClosed
			}
			wait = w.take(e, wait)
			heard = time.Now()
		case <-timer.C:
			if w.current || time.Since(heard) >= w.f.link.Timeout {
				return nats.ErrTimeout
			}
			complete, err := w.complete(ctx)
			if err != nil {
				return err
			}
			if complete {
				wait = w.take(nil, wait)
			}
		}
	}
	return nil
}

// take passes on a change, or nil for the end of what was stored, and returns how long to wait for the next.
func (w *heartbeatWatch) take(e jetstream.KeyValueEntry, wait time.Duration) time.Duration {
	if e == nil && w.current { // after complete has found it out
		return wait
	}
	if e != nil {
		w.last = max(w.last, e.Revision())
	}
	w.current = w.current || e == nil
	if next := w.got(asBeat(e)); w.current {
		return next
	}
	return wait
}

// complete reports whether the watch has brought all that is stored. nats.go's watch counts what it has received, and
// so does not say it if some of that was removed in the meantime. The server removes the oldest heartbeats first: so
// it is complete if it has brought the last one that was stored, or if nothing is left.
func (w *heartbeatWatch) complete(ctx context.Context) (bool, error) {
	s, err := w.f.link.JS.Stream(ctx, schema.BucketStream(schema.BucketWorkers))
	if err != nil {
		return false, err
	}
	state := s.CachedInfo().State
	return state.Msgs == 0 || state.LastSeq <= w.last, nil
}

// endWatch ends a watch. The client library's goroutine may be waiting to send the next change: it ends only
// after that was received.
func endWatch(w jetstream.KeyWatcher) {
	w.Stop()
	go func() {
		for range w.Updates() {
		}
	}()
}

// asBeat returns nil for nil, with which a watch says that it has sent all that was stored.
func asBeat(e jetstream.KeyValueEntry) *beat {
	if e == nil {
		return nil
	}
	return &beat{e.Key(), e.Value(), e.Operation() != jetstream.KeyValuePut, revision{e.Revision(), e.Created()}}
}
