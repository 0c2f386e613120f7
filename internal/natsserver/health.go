package natsserver

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Health returns nil while the server accepts connections and can read every stream of its store.
func (s *Server) Health() error {
	err := health(func() *server.HealthStatus { return s.ns.Healthz(&server.HealthzOptions{}) })
	if err != nil {
		return fmt.Errorf("the nats server's store in %s is not healthy: %w", s.store.dir, advise(err, s.store.dir))
	}
	return nil
}

// unrecovered is what the library says of a damaged stream.
var unrecovered = regexp.MustCompile(`^JetStream stream '(.+) > (.+)' could not be recovered$`)

// advise adds to an error of health what a person can do about a damaged stream in the store dir.
func advise(err error, dir string) error {
	if found := unrecovered.FindStringSubmatch(err.Error()); found != nil {
		return fmt.Errorf("%w; restore the store from a backup, or move %s away: the stream is then created without its messages",
			err, filepath.Join(dir, jetStreamDir, found[1], streamsDir, found[2]))
	}
	return err
}

// A check of the library allows one millisecond to find that the server listens. On a busy machine this
// fails although the server is healthy (seen with nats-server 2.15.2). So this one error counts only if
// it persists for 5 s.
const (
	busyTries = 50
	busyPause = 100 * time.Millisecond
	busyError = "failed to be ready for connections"
)

// health returns the error that check finds, or nil. It takes up to busyTries * busyPause. check is an argument so
// that a test can make it fail.
func health(check func() *server.HealthStatus) error {
	for try := 1; ; try++ {
		h := check()
		if h.StatusCode == http.StatusOK {
			return nil
		}
		why := h.Error
		for _, e := range h.Errors {
			why += "; " + e.Error
		}
		if !strings.Contains(why, busyError) || try == busyTries {
			return errors.New(strings.TrimPrefix(why, "; "))
		}
		time.Sleep(busyPause)
	}
}
