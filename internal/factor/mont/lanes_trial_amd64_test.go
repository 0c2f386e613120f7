//go:build amd64 && !purego

package mont

// withoutTrialLanes runs f as on a machine without lanes.
func withoutTrialLanes(f func()) {
	saved := trialLanes
	defer func() { trialLanes = saved }()
	trialLanes = false
	f()
}
