package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/stream"
)

// listingShare bounds what listings cost, for this process and for the server: after a listing that took
// the time t the next one is made no earlier than 50 t later, so that they take at most 1/51 of the time.
// A queue of 100,000 tasks is so listed every 15 s, a short one at each look.
const listingShare = 50

// A listing remembers the state of a stream when its subjects were listed last. The state is a request of
// a few hundred bytes; it saves the listing of a stream in which nothing has happened.
type listing struct {
	stream jetstream.Stream
	filter string
	most   uint64 // a stream with more messages is not listed; 0 = no limit
	last   streamState
	known  bool
	seen   time.Time // the stream was in that state no earlier
	due    time.Time // the next look is made no earlier
}

// A streamState changes whenever a message is stored or removed: the last sequence grows with each
// stored message, and first, messages and deleted change with each removed one. A stream that was made
// anew has the same state only if it has had the same messages stored and removed, one for one.
type streamState struct {
	first, last, messages uint64
	deleted               int
}

// look calls list with the subjects of the stream if they may have changed, with nil if there are more than most. The state is read
// before the subjects: a change between the two is listed, and listed once more by the next look.
func (l *listing) look(ctx context.Context, list func(subjects map[string]uint64)) error {
	began := time.Now()
	if began.Before(l.due) {
		return nil
	}
	info, err := l.stream.Info(ctx)
	if err == nil && !stream.HasQuorum(info) {
		err = stream.ErrNoQuorum
	}
	if err != nil {
		return fmt.Errorf("look at %s: %w", l.filter, stream.Explain(err))
	}
	now := streamState{info.State.FirstSeq, info.State.LastSeq, info.State.Msgs, info.State.NumDeleted}
	if l.known && now == l.last {
		l.seen = began
		return nil
	}
	tooMany := l.most > 0 && now.messages > l.most
	if now.messages > 0 && !tooMany {
		if info, err = l.stream.Info(ctx, jetstream.WithSubjectFilter(l.filter)); err != nil {
			return fmt.Errorf("list %s: %w", l.filter, stream.Explain(err))
		}
	}
	switch {
	case tooMany:
		list(nil)
	case info.State.Subjects == nil:
		list(map[string]uint64{})
	default:
		list(info.State.Subjects)
	}
	l.last, l.known, l.seen = now, true, began
	end := time.Now()
	l.due = end.Add(listingShare * end.Sub(began))
	return nil
}
