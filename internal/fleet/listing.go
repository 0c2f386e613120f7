package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/stream"
)

// listingShare bounds what listings cost: they take at most one part in listingShare of the time.
const listingShare = 50

// A listing remembers the state of a stream when its subjects were listed last.
type listing struct {
	stream jetstream.Stream
	filter string
	last   streamState
	known  bool
	seen   time.Time // the stream was in that state no earlier
	due    time.Time // the next look is made no earlier
}

// A streamState changes whenever a message is stored or removed: the last sequence grows with each
// stored message, and first, messages and deleted change with each removed one.
type streamState struct {
	first, last, messages uint64
	deleted               int
}

// look calls list with the subjects of the stream if they may have changed. The state is read
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
	if info.State.Msgs > 0 {
		if info, err = l.stream.Info(ctx, jetstream.WithSubjectFilter(l.filter)); err != nil {
			return fmt.Errorf("list %s: %w", l.filter, stream.Explain(err))
		}
	}
	list(info.State.Subjects)
	l.last, l.known, l.seen = now, true, began
	end := time.Now()
	l.due = end.Add(listingShare * end.Sub(began))
	return nil
}
