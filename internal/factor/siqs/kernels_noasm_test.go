//go:build !amd64 || purego

package siqs

func withoutLanes(f func()) { f() }
