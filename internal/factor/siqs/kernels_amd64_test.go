//go:build amd64 && !purego

package siqs

// onLevel runs f as on a machine of that level.
func onLevel(l int, f func()) {
	saved := level
	defer func() { level = saved }()
	level = l
	f()
}
