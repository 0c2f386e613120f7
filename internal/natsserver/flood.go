package natsserver

import (
	"regexp"
	"strings"
	"sync"
	"time"
)

// The library writes a line for each refused login and each broken handshake. A client without
// credentials could so fill the disk. So of one kind of message at most floodLines are written in a
// floodWindow, and at the end of the window one more with the number of those that were left out.
const (
	floodLines  = 10
	floodWindow = time.Minute

	// maxTexts is the number of kinds made from the text of messages that are counted separately in a floodWindow;
	// others count as one kind. A text may come from a client, which could make each message a kind of its own.
	// Formats come from the library, so each is a kind: no client can hide the messages of another format.
	maxTexts = 32
)

// A floodFilter says which messages are written. It is safe for concurrent use.
type floodFilter struct {
	mu    sync.Mutex
	kinds map[string]*floodKind // guarded by mu
	texts int                   // of kinds, those made from texts; guarded by mu
}

// A floodKind counts the messages of a kind since its first one. A timer removes it after floodWindow.
type floodKind struct {
	seen   int
	last   string // the last message that was left out
	ofText bool
}

// pass reports whether a message is to be written. tell of the first message of a kind is called at the end
// of the window if messages were left out, with their number and the last one.
func (f *floodFilter) pass(format, text string, tell func(left int, last string)) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	name, ofText := kindOf(format, text)
	k := f.kinds[name]
	if k == nil && ofText && f.texts >= maxTexts {
		name, ofText = "", false
		k = f.kinds[name]
	}
	if k == nil {
		k = &floodKind{ofText: ofText}
		if ofText {
			f.texts++
		}
		if f.kinds == nil {
			f.kinds = make(map[string]*floodKind)
		}
		f.kinds[name] = k
		time.AfterFunc(floodWindow, func() { f.end(name, tell) })
	}
	if k.seen++; k.seen <= floodLines {
		return true
	}
	k.last = text
	return false
}

// end forgets a kind, and tells how many of its messages were left out.
func (f *floodFilter) end(name string, tell func(left int, last string)) {
	f.mu.Lock()
	k := f.kinds[name]
	delete(f.kinds, name)
	if k.ofText {
		f.texts--
	}
	f.mu.Unlock()
	if left := k.seen - floodLines; left > 0 {
		tell(left, k.last)
	}
}

// fromClient matches what the library puts before a message about a connection: the address, the number
// of the connection, and in quotes the version, language and name of a client.
var fromClient = regexp.MustCompile(`^\S+ - [a-z_]+:[0-9]+ - (?:"(?:[^"\\]|\\.)*" - )?`)

// kindLength is the length of a kind, in bytes, that comes from the text of a message.
const kindLength = 40

// kindOf returns the kind of a message: its format. Some formats only put texts together; then it is the
// beginning of the message without digits, and ofText is true.
func kindOf(format, text string) (kind string, ofText bool) {
	kind = format[len(fromClient.FindString(format)):]
	if !strings.HasPrefix(kind, "%s") {
		return kind, false
	}
	text = text[len(fromClient.FindString(text)):]
	text = strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}, text)
	return text[:min(len(text), kindLength)], true
}
