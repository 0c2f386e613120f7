package natsserver

import (
	"io/fs"
	"syscall"
)

const (
	// reservedFiles is the number of open files that connections leave to the streams and to the rest of
	// the process. Without them the store fails while strangers hold connections open: with a limit of
	// 600 open files clients were told that streams do not exist. An idle `embedded run` has 21 open files.
	reservedFiles = 256

	mostConnections = 64 << 10 // the library's default
)

// maxConnections returns the limit of connections for the limit of open files of this process. If that
// is small, half of it is left to the streams.
func maxConnections() int {
	files, ok := openFiles()
	if !ok {
		return mostConnections
	}
	return connectionsFor(files)
}

// connectionsFor returns the limit of connections for a limit of open files.
func connectionsFor(files uint64) int {
	reserved := min(reservedFiles, files/2)
	return int(max(1, min(files-reserved, mostConnections)))
}

// fewFiles is a limit of open files below which a server may fail for want of them: an idle `embedded run` has 21.
const fewFiles = 64

// CheckFiles returns an error that wraps syscall.EMFILE if the limit of open files of this process is so low that it
// explains why the server could not create a stream. The library does not say why, and files may have been closed since.
func (s *Server) CheckFiles() error {
	if files, ok := openFiles(); !ok || files >= fewFiles {
		return nil
	}
	return &fs.PathError{Op: "open", Path: s.store.dir, Err: syscall.EMFILE}
}
