package fleet

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/stream"
)

// watchHeartbeats calls got with what is stored in the bucket of heartbeats, then with nil, and then with each
// change, from the caller's goroutine. got returns how long to wait for the next change, 0 to end the watch.
//
// It uses nats.go's own watch, because producers of the first release have no permission to request messages from
// this stream. That watch may take half a minute to notice that a server is back, so it ends with the connection
// (stream.ErrReconnected). It never notices that the bucket was deleted and created again; so it ends with
// nats.ErrTimeout if nothing has arrived for as long as got was ready to wait.
func (f *Fleet) watchHeartbeats(ctx context.Context, got func(*beat) time.Duration) error {
	lost := f.link.AnswerContext()
	w, err := f.workers.WatchAll(ctx)
	if err != nil {
		return err
	}
	defer endWatch(w)
	timer := time.NewTimer(f.link.Timeout)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-lost.Done():
			return stream.ErrReconnected
		case <-timer.C:
			return nats.ErrTimeout
		case e, more := <-w.Updates():
			if !more {
				return nats.ErrConnectionClosed
			}
			wait := got(asBeat(e))
			if wait == 0 {
				return nil
			}
			timer.Reset(wait)
		}
	}
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
