package job

import "time"

// A pace says how often a supervisor looks, and how long it watches a job. This must hold:
//
//	hurried > cutOffAfter   to seal a job whose feeder died takes a watch that long
type pace struct {
	look    time.Duration // between two looks at all jobs
	remind  time.Duration // between two looks at the heartbeats of quarantined workers
	quiet   time.Duration // a watched job in which nothing happens for so long is parked
	hurried time.Duration // the same while other jobs wait to be watched
	slice   time.Duration // a job is watched at least so long before another takes its place; see rotate
	recheck time.Duration // most time between two checks of a parked job
	longest time.Duration // the same for a job with numbers unaccounted for
	retry   time.Duration // between the end of a watch and the next check; the manifest of an ended job comes sooner
	release time.Duration // a watched job is left to the process that holds it after so long
	watched int           // jobs watched at a time: each has a consumer, and a collector in memory
}

// normalPace. quiet: a review takes place after at most reviewEvery = 30 s, so a watch sees one before
// it ends. watched: bounds memory and goroutines, however many jobs want a watch; 128 watches of small jobs
// have 9 goroutines each and 8 MiB together (measured with the server in the same process).
var normalPace = pace{
	look: time.Second, remind: remindEvery, quiet: 30 * time.Second, hurried: 10 * time.Second, slice: time.Minute,
	recheck: time.Hour, longest: 5 * time.Minute, retry: 2 * time.Second, release: 20 * time.Second, watched: 128,
}

const (
	maxSlices     = 10 // bounds the doubling: the longest slice is 1024 times the first, 17 h
	maxIncomplete = 6  // the same for patience: 64 times quiet, 32 min
)

// patience returns for how long a job may be quiet. It doubles with each watch that left numbers
// unaccounted for: some results take minutes to verify, and nothing shows meanwhile.
func (s *supervisor) patience(e *supervised, quiet time.Duration) time.Duration {
	return quiet << min(e.incomplete, maxIncomplete)
}
