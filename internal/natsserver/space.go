package natsserver

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nats-io/nats-server/v2/server"
)

// LeastStore is the smallest permitted limit in bytes. It has room for some messages of 1 MiB.
const LeastStore = 4 << 20

// storeLimit returns the default limit of the streams in dir, in bytes:
//
//	max(used + 3/4 * free, LeastStore)
//
// On a full disk the server gets errors from which only a restart recovers. At a limit publishers just
// wait. A quarter of the free space is left for other programs, and for what the server writes beside messages.
// What the streams use already counts as theirs, so that a restart does not lower the limit step by step.
// 0 means that the free space is unknown, and the library chooses the limit.
func storeLimit(dir string) int64 {
	free, ok := freeSpace(dir)
	if !ok {
		return 0
	}
	return max(usedSpace(dir)+free/4*3, LeastStore)
}

// usedSpace returns the size of the files below dir in bytes. It ignores files that it cannot read.
func usedSpace(dir string) (used int64) {
	filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				used += info.Size()
			}
		}
		return nil
	})
	return used
}

// checkLimit returns an error for a limit below LeastStore. 0 means that none is set.
func checkLimit(limit int64) error {
	if limit != 0 && limit < LeastStore {
		return fmt.Errorf("a store of %d bytes is too small: the least is %d", limit, LeastStore)
	}
	return nil
}

// Usage is the state of the store: bytes used, and their limit (0 = unknown).
type Usage struct{ Used, Limit int64 }

// Full reports whether the server refuses to store messages.
func (u Usage) Full() bool { return u.Limit > 0 && u.Used > u.Limit }

// Usage returns the usage of the store, the zero value if the server does not know it.
func (s *Server) Usage() Usage {
	info, err := s.ns.Jsz(&server.JSzOptions{})
	if err != nil {
		return Usage{}
	}
	return Usage{Used: int64(info.Store), Limit: info.Config.MaxStore}
}

// Dir returns the directory of the store.
func (s *Server) Dir() string { return s.store.dir }

// Root returns the open directory of the store. It is closed when the server has stopped.
func (s *Server) Root() *os.Root { return s.store.root }

// dropIndexes removes the indexes of the streams in dir. The library then reads the messages themselves
// when it starts, and drops those with a wrong checksum. With an index it still counts messages that it
// cannot read: a damaged task would be queued for ever and never be delivered.
func dropIndexes(dir string) {
	for _, account := range subdirs(filepath.Join(dir, jetStreamDir)) {
		for _, stream := range subdirs(filepath.Join(account, streamsDir)) {
			os.Remove(filepath.Join(stream, "msgs", indexFile))
		}
	}
}
