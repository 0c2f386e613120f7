//go:build !unix

package natsconn

// checkKeyMode does nothing: files have no modes on this system.
func checkKeyMode(string) error { return nil }
