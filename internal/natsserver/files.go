package natsserver

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
