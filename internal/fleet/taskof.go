package fleet

import (
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// taskOf returns a task of a job with these numbers and their known divisors. All but Predicted is set, as the manifest has
// it.
func taskOf(j *task.Job, numbers []nat.Nat, known []task.Known) task.Task {
	return task.Task{
		Kind: j.Kind, Numbers: numbers, Budget: j.Budget, Certify: j.Certify, WorkDigits: j.WorkDigits,
		Format: j.Format, Sleep: j.Sleep, MaxAttempts: j.MaxAttempts, Backoff: j.Backoff,
		Known: known, One: j.One,
	}
}
