package natsserver

import (
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/rs/zerolog"
)

// logger passes the server's log on, one level down: what the server notices is
// detail to a user of the fleet. It keeps the first fatal message, the only place
// where the library says why it could not start.
type logger struct {
	log   zerolog.Logger
	first atomic.Pointer[string]
}

func (l *logger) Noticef(format string, v ...any) { l.log.Debug().Msgf(format, v...) }
func (l *logger) Warnf(format string, v ...any)   { l.log.Warn().Msgf("nats server: "+format, v...) }
func (l *logger) Errorf(format string, v ...any)  { l.log.Error().Msgf("nats server: "+format, v...) }
func (l *logger) Debugf(format string, v ...any)  { l.log.Debug().Msgf(format, v...) }
func (l *logger) Tracef(format string, v ...any)  { l.log.Trace().Msgf(format, v...) }

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

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
