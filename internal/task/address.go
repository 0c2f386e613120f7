package task

// An Address is where a task stands in the queue; it is the task's subject.
type Address struct {
	Class Class
	Job   string
	Range Range
	Round string // "0" when first published, else base-36 milliseconds
}
