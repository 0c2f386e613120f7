//go:build amd64 && !purego

package siqs

// withoutLanes runs f as on a machine without lanes.
func withoutLanes(f func()) {
	saved := inLanes
	defer func() { inLanes = saved }()
	inLanes = false
	f()
}
