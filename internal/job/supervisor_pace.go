package job

import "time"

// A pace says how often a supervisor looks, and how long it watches a job. These must hold:
// hurried > cutOffAfter, since sealing a job whose feeder died takes a watch that long;
// release > the time for which a released lease is still listed.
type pace struct {
	look    time.Duration // between two looks at all jobs
	remind  time.Duration // between two looks at the heartbeats of quarantined workers
	quiet   time.Duration // a watched job in which nothing happens for so long is parked
	hurried time.Duration // the same while other jobs wait to be watched
	slice   time.Duration // a job is watched at least so long before another takes its place; doubles each time
	recheck time.Duration // a parked job is watched again after this
	longest time.Duration // and one with numbers unaccounted for after this at the latest
	retry   time.Duration // and one whose watch failed, after this
	release time.Duration // for so long a lease that was just released may still be listed
	watched int           // jobs watched at a time: each has a consumer, and a collector in memory
}

var normalPace = pace{
	look: time.Second, remind: remindEvery, quiet: 30 * time.Second, hurried: 10 * time.Second, slice: time.Minute,
	recheck: time.Hour, longest: 5 * time.Minute, retry: 2 * time.Second, release: 5 * time.Second, watched: 128,
}

// maxTurns bounds the doubling: the longest slice is 1024 times the first, 17 h.
const maxTurns = 10

// patience returns for how long a job may be quiet. It doubles with each watch that left
// numbers unaccounted for: some results take minutes to verify, and nothing shows meanwhile.
func (s *supervisor) patience(e *supervised, quiet time.Duration) time.Duration {
	return quiet << min(e.misses, maxMisses)
}

const maxMisses = 6 // 64 times quiet: 32 min
