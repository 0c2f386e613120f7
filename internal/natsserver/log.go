package natsserver

import (
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/rs/zerolog"
)

// A logger writes the library's log. Its notices become debug messages, because they are details to a
// user of the fleet. Of warnings and errors of one kind it writes some each minute (flood.go). It keeps the
// first fatal message: the library gives the reason of a failed start nowhere else.
type logger struct {
	log   zerolog.Logger
	first atomic.Pointer[string] // fatal message; later ones are consequences of it
	muted atomic.Bool            // by Discard
	flood floodFilter            // for warnings and errors
}

// mute ends the log, for a server whose store is being removed.
func (l *logger) mute() { l.muted.Store(true) }

// event writes one message unless the logger is muted. The library calls it from all of its goroutines.
func (l *logger) event(e *zerolog.Event, format string, v []any) {
	if !l.muted.Load() {
		e.Msgf(format, v...)
	}
}

// limited writes a warning or an error, unless there are too many of its kind.
func (l *logger) limited(level zerolog.Level, format string, v []any) {
	text := fmt.Sprintf(format, v...)
	tell := func(left int, last string) {
		l.event(l.log.WithLevel(level), "nats server: %d more messages like this one in a minute: %s", []any{left, last})
	}
	if l.flood.pass(format, text, tell) {
		l.event(l.log.WithLevel(level), "nats server: %s", []any{text})
	}
}

func (l *logger) Noticef(format string, v ...any) { l.event(l.log.Debug(), format, v) }
func (l *logger) Warnf(format string, v ...any)   { l.limited(zerolog.WarnLevel, format, v) }
func (l *logger) Errorf(format string, v ...any) {
	// This one is repeated every 10 s while the store is full. Programs report that by Server.Usage.
	if strings.Contains(format, "resource limits exceeded") {
		l.event(l.log.Debug(), format, v)
		return
	}
	l.limited(zerolog.ErrorLevel, format, v)
}
func (l *logger) Debugf(format string, v ...any) { l.event(l.log.Debug(), format, v) }
func (l *logger) Tracef(format string, v ...any) { l.event(l.log.Trace(), format, v) }

// Fatalf keeps the message. The library calls it when it cannot start. Unlike the library's own logger,
// this one does not end the process.
func (l *logger) Fatalf(format string, v ...any) {
	why := fmt.Sprintf(format, v...)
	l.first.CompareAndSwap(nil, &why)
	l.log.Debug().Msg(why)
}

// fatal returns the first fatal message, or "".
func (l *logger) fatal() string {
	if why := l.first.Load(); why != nil {
		return *why
	}
	return ""
}

// lowerFirst returns s with its first letter in lower case, for errors.
func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
