package job

import (
	"context"

	"factorfleet/internal/fleet"
	"factorfleet/internal/plan"
)

// A queuer publishes chunks in a goroutine of its own, in order, while the feeder reads and stores further numbers. It
// belongs to one lease of the feeder.
type queuer struct {
	publisher *fleet.Publisher // used by its goroutine
	chunks    chan []plan.Chunk
	ended     chan struct{} // closed when the goroutine has ended
	err       error         // why it has ended; valid once ended is closed
}

// queuedAtOnce is how many chunks the queuer gets at a time, at most. It bounds the memory of small chunks.
const queuedAtOnce = 2048

// newQueuer starts a queuer that ends with ctx.
func newQueuer(ctx context.Context, p *fleet.Publisher) *queuer {
	q := &queuer{publisher: p, chunks: make(chan []plan.Chunk), ended: make(chan struct{})}
	p.Prepare(ctx)
	go func() {
		defer close(q.ended)
		q.err = q.run(ctx)
	}()
	return q
}

// run publishes chunks until there are no more.
func (q *queuer) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case chunks, more := <-q.chunks:
			if !more {
				return nil
			}
			if err := q.publisher.Publish(ctx, chunks); err != nil {
				return err
			}
		}
	}
}

// put hands chunks over. It waits while earlier chunks are being published, so that a full queue stops the reading of the
// input.
func (q *queuer) put(chunks []plan.Chunk) error {
	select {
	case q.chunks <- chunks:
		return nil
	case <-q.ended:
		return q.err
	}
}

// flush waits until all chunks are queued. No more may be put.
func (q *queuer) flush() error {
	close(q.chunks)
	<-q.ended
	return q.err
}

// queue hands the chunks that are ready to the queuer. The numbers of chunks that are not published because of an
// error are stored, so that the holder finds them missing. Chunks of a throttled job are dropped: the holder queues what
// is stored.
func (fd *feeder) queue(flow plan.InputState) error {
	if fd.throttled() {
		for ok := true; ok; {
			_, ok = fd.chunker.Next(flow)
		}
		fd.supplied()
		return nil
	}
	for {
		var chunks []plan.Chunk
		for len(chunks) < queuedAtOnce {
			chunk, ok := fd.chunker.Next(flow)
			if !ok {
				break
			}
			chunks = append(chunks, chunk)
		}
		if len(chunks) == 0 {
			return nil
		}
		if err := fd.queuer.put(chunks); err != nil {
			return err
		}
	}
}
