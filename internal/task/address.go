package task

// An Address names a task in the queue. It is the task's subject.
type Address struct {
	Class Class
	Job   string // id, see CheckJob
	Range Range
	Round string // FirstRound, or of NewRound if the range was requeued
}
