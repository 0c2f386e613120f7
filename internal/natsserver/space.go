package natsserver

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nats-io/nats-server/v2/server"
)

// LeastStore is the smallest limit that makes sense: some messages of 1 MiB.
const LeastStore = 4 << 20

// storeLimit returns how large the streams in dir may become: what they have and three
// quarters of what is free. A disk that is really full leaves the server with errors
// that only a restart cures; a limit only makes publishers wait. 0 means that the free
// space is not known, and the library decides.
func storeLimit(dir string) int64 {
	free, ok := freeSpace(dir)
	if !ok {
		return 0
	}
	return max(usedSpace(dir)+free/4*3, LeastStore)
}

// usedSpace returns the size of the files below dir.
func usedSpace(dir string) (used int64) {
	filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				used += info.Size()
			}
		}
		return nil // what can't be read is not ours
	})
	return used
}

// checkLimit returns an error for a limit that no fleet could work with.
func checkLimit(limit int64) error {
	if limit != 0 && limit < LeastStore {
		return fmt.Errorf("a store of %d bytes is too small, the least is %d", limit, LeastStore)
	}
	return nil
}

// Usage says how much of the store's limit is used.
type Usage struct{ Used, Limit int64 }

// Full reports whether publishers are refused.
func (u Usage) Full() bool { return u.Limit > 0 && u.Used > u.Limit }

// Usage returns how full the store is.
func (s *Server) Usage() Usage {
	info, err := s.ns.Jsz(&server.JSzOptions{})
	if err != nil {
		return Usage{}
	}
	return Usage{Used: int64(info.Store), Limit: info.Config.MaxStore}
}

// Dir returns the directory of the store.
func (s *Server) Dir() string { return s.store.dir }

// dropIndexes removes the indexes of the streams in dir, so that the library reads the
// messages themselves when it starts, and drops those whose checksum is wrong. With an
// index it would go on listing what it can't read: a damaged task would count as queued
// for ever, and never be handed out.
func dropIndexes(dir string) {
	indexes, _ := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", "*", "msgs", "index.db"))
	for _, path := range indexes {
		os.Remove(path)
	}
}
