// Package notify tells a user that a job has ended or has dead letters: it runs the user's command, or sends a POST request
// to the user's address. Both come from the user's command line or environment, never from a message of the fleet.
//
//	target.go         what the user names
//	event.go          what is told, as JSON and as variables of the environment
//	deliver.go        attempts, with pauses
//	post.go, command*.go   one attempt
package notify
