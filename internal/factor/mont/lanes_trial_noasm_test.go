//go:build !amd64 || purego

package mont

func withoutTrialLanes(f func()) { f() }
