package events

import (
	"fmt"
	"time"

	"factorfleet/internal/stream"
)

// A tracker finds out whether messages of a stream are missing. Sequences of a stream have no gaps until messages are
// deleted. So of a whole stream the tracker knows how many messages were deleted before they came. Of a part of a stream it
// does not know that: it then says after each interruption that something may be missing.
//
// One goroutine calls reopened and next.
type tracker struct {
	stream string
	whole  bool // all messages of the stream are followed
	emit   func(Event)
	now    func() time.Time

	last   uint64    // sequence of the last message; 0 = none yet
	stored time.Time // its time
	again  bool      // messages of before are delivered again, because the server has lost some
}

// reopened takes a new consumer.
func (t *tracker) reopened(lost bool) {
	switch {
	case lost:
		t.again, t.last = true, 0
		t.gap(0, "the server has lost messages that it had sent: events may be missing, or repeated with other times")
	case !t.whole:
		t.gap(0, "the connection was interrupted: events may be missing whose messages were removed meanwhile")
	}
}

// next takes a message. It reports whether the message is new.
func (t *tracker) next(m *stream.Message) bool {
	if t.again && !m.Stored.After(t.stored) {
		return false
	}
	t.again = false
	if t.whole && t.last > 0 && m.Seq > t.last+1 {
		n := m.Seq - t.last - 1
		t.gap(n, fmt.Sprintf("%d messages were removed before they could be read", n))
	}
	t.last, t.stored = m.Seq, m.Stored
	return true
}

func (t *tracker) gap(missed uint64, why string) {
	t.emit(Event{V: 1, Event: Gap, Time: t.now().UTC(), Stream: t.stream, Missed: missed, Reason: why})
}
