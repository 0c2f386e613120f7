//go:build !unix

package natsconn

// CheckKeyMode does nothing: files have no modes on this system.
func CheckKeyMode(string) error { return nil }
