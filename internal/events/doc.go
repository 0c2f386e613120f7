// Package events follows what happens in a fleet: jobs, chunks, failed attempts, dead letters and workers, as a stream of
// Events for programs and people.
//
//	event.go              an Event, and its line for people
//	jobs.go, workers.go   pure rules: which events a change of a manifest or of a list of workers is
//	records.go            events of results and of records in FACTOR_DEAD
//	gaps.go               what may be missing
//	follow.go, out.go     the goroutines: one for each source, one lock for the output
//
// An event says what is stored, or what a worker says of itself. Nothing is verified.
package events
