// Package observe gathers what a user sees of a fleet: its jobs, workers, queue and dead letters, as data. The page of
// `producer serve`, its metrics, `producer top`, `status`, `workers ls` and `check` all show these data, so that they
// agree.
//
// A View is the whole fleet at one moment. An Observer, of which a process has one, keeps the present View; a caller gets
// a copy that nobody changes. What a View says of running numbers are the claims of workers; what it says of answers is
// counted, not verified.
package observe
