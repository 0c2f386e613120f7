package natsserver

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/minio/highwayhash"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"
)

// A process that is killed while it creates or changes a stream or a durable leaves it half-made. The library takes
// that for damage: it does not recover it, at this and every later start. The library writes, in this order, each
// file by a rename, and acknowledges the request after the last one:
//
//	STREAM/msgs, STREAM/obs         when the stream is created
//	STREAM/meta.inf, then meta.sum  when it is created, and when its settings change
//	STREAM/obs/DURABLE/meta.inf, then meta.sum
//	STREAM/msgs/*.blk               messages, and durables, only after the stream was acknowledged
//
// If meta.sum is missing or older than a whole meta.inf, it is written: that completes the request. A stream that
// never had a meta.sum and has no content was never acknowledged. It is removed, and created anew by whoever needs
// it. All else is damage, which is left as it is.

// Names of the library's files. Those that begin with testPrefix are empty and exist for a moment.
const (
	jetStreamDir            = server.JetStreamStoreDir
	streamsDir, durablesDir = "streams", "obs"
	metaFile, metaSum       = server.JetStreamMetaFile, server.JetStreamMetaFileSum
	testPrefix              = "_test_"
	indexFile               = "index.db"
)

// repair completes or removes in the store dir what was being created or changed when a server was killed. It
// never removes messages. No server may use the store.
func repair(dir string, log zerolog.Logger) {
	for _, probe := range entries(dir, probePrefix) {
		removeTree(probe)
	}
	dir = filepath.Join(dir, jetStreamDir)
	removeTests(dir)
	for _, account := range subdirs(dir) {
		for _, stream := range subdirs(filepath.Join(account, streamsDir)) {
			repairStream(stream, log)
		}
		// The library does not know an account without streams, and takes its directory for damage. Directories
		// that are not empty are kept.
		os.Remove(filepath.Join(account, streamsDir))
		os.Remove(account)
	}
}

// checkPlain returns an error if a stream in the store dir is encrypted: the server has no key, and would take the
// stream for damaged.
func checkPlain(dir string) error {
	for _, account := range subdirs(filepath.Join(dir, jetStreamDir)) {
		for _, stream := range subdirs(filepath.Join(account, streamsDir)) {
			if _, err := os.Lstat(filepath.Join(stream, server.JetStreamMetaFileKey)); err == nil {
				return fmt.Errorf("the store in %s is encrypted: start the nats-server that has its key, or name another --store", dir)
			}
		}
	}
	return nil
}

// repairStream repairs the stream in dir. The library itself removes streams whose names begin with a dot.
func repairStream(dir string, log zerolog.Logger) {
	name := filepath.Base(dir)
	meta, sum, err := readMeta(dir)
	if err != nil || strings.HasPrefix(name, ".") {
		return
	}
	removeTests(dir)
	log = log.With().Str("stream", name).Logger()
	switch {
	case string(sum) == checksum(name, meta) && meta != nil:
	case isChanged(dir, meta, func(s server.FileStreamInfo) string { return s.Name }):
		if err := writeSum(dir, checksum(name, meta)); err != nil {
			log.Warn().Err(err).Msg("cannot complete a change of settings that was interrupted")
			return
		}
		log.Info().Msg("completed a change of settings that was interrupted")
	case len(sum) == 0 && !hasContent(dir):
		if err := removeTree(dir); err != nil {
			log.Warn().Err(err).Msg("cannot remove a stream whose creation was interrupted")
			return
		}
		log.Info().Msg("removed a stream whose creation was interrupted; it is created anew")
		return
	}
	for _, durable := range subdirs(filepath.Join(dir, durablesDir)) {
		repairDurable(name, durable)
	}
}

// repairDurable completes the settings of the durable in dir, or removes them if they are not whole. The library
// ignores such a durable, and would never complete its settings when it is created again. Its state is kept: the new
// durable continues it.
func repairDurable(stream, dir string) {
	meta, sum, err := readMeta(dir)
	want := checksum(stream+"/"+filepath.Base(dir), meta)
	switch {
	case err != nil, meta != nil && string(sum) == want:
	case isChanged(dir, meta, func(s server.FileConsumerInfo) string { return s.Name }):
		writeSum(dir, want)
	case len(meta) == 0 || len(sum) == 0:
		for _, file := range []string{metaFile, metaSum, metaFile + ".tmp", metaSum + ".tmp"} {
			os.Remove(filepath.Join(dir, file))
		}
		os.Remove(dir) // unless it has a state
	}
}

// readMeta returns the settings of the stream or durable in dir, and their checksum. A file that is missing is nil.
func readMeta(dir string) (meta, sum []byte, err error) {
	if meta, err = os.ReadFile(filepath.Join(dir, metaFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	if sum, err = os.ReadFile(filepath.Join(dir, metaSum)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	return meta, sum, nil
}

// isChanged reports whether the settings in dir are not older than their checksum, and are exactly what the library
// writes for what is named as dir. Settings is the library's type; name returns their name.
func isChanged[Settings any](dir string, meta []byte, name func(Settings) string) bool {
	inf, err := os.Stat(filepath.Join(dir, metaFile))
	if err != nil {
		return false
	}
	if sum, err := os.Stat(filepath.Join(dir, metaSum)); err == nil && inf.ModTime().Before(sum.ModTime()) {
		return false
	}
	var settings Settings
	if json.Unmarshal(meta, &settings) != nil || name(settings) != filepath.Base(dir) {
		return false
	}
	again, err := json.Marshal(settings)
	return err == nil && bytes.Equal(again, meta)
}

// writeSum writes the checksum of the settings of the stream or durable in dir.
func writeSum(dir, checksum string) error {
	sum := filepath.Join(dir, metaSum)
	if err := os.WriteFile(sum+".tmp", []byte(checksum), 0o600); err != nil {
		return err
	}
	return os.Rename(sum+".tmp", sum)
}

// checksum returns the content of meta.sum, as the library computes it: keyed with the name of a stream, or with
// those of a stream and a durable.
func checksum(name string, meta []byte) string {
	key := sha256.Sum256([]byte(name))
	hash, err := highwayhash.NewDigest64(key[:])
	if err != nil { // only for a key of another length
		return ""
	}
	hash.Write(meta)
	return hex.EncodeToString(hash.Sum(nil))
}

// hasContent reports whether the stream in dir has, or may have, messages or durables: a file that is not empty,
// other than its settings and its index.
func hasContent(dir string) (found bool) {
	filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			found = true
		case e.IsDir() || filepath.Dir(path) == dir && strings.HasPrefix(e.Name(), "meta.") || e.Name() == indexFile:
		default:
			info, err := e.Info()
			found = found || err != nil || info.Size() > 0
		}
		return nil
	})
	return found
}

// removeTests removes the empty files in dir by which the library tests whether it can write there.
func removeTests(dir string) {
	for _, file := range entries(dir, testPrefix) {
		if info, err := os.Lstat(file); err == nil && info.Mode().IsRegular() && info.Size() == 0 {
			os.Remove(file)
		}
	}
}

// subdirs returns the paths of the directories in dir; none if dir cannot be read.
func subdirs(dir string) (dirs []string) {
	for _, path := range entries(dir, "") {
		if info, err := os.Lstat(path); err == nil && info.IsDir() {
			dirs = append(dirs, path)
		}
	}
	return dirs
}

// entries returns the paths in dir whose names begin with prefix; none if dir cannot be read.
func entries(dir, prefix string) (paths []string) {
	list, _ := os.ReadDir(dir)
	for _, e := range list {
		if strings.HasPrefix(e.Name(), prefix) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths
}
