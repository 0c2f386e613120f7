package command

import (
	"time"

	"factorfleet/internal/schema"
)

// Reports in JSON of the other programs, whose schemas `producer schema` prints as well.

// A BenchReport is the report of `consumer bench` about one class of numbers: how fast they are factored.
type BenchReport struct {
	Class   string  `json:"class"`
	Kernels string  `json:"kernels"`        // the level of kernels that was measured
	Numbers int     `json:"numbers"`        // numbers factored
	Rate    float64 `json:"numbers_per_s"`  // of one core
	Micros  float64 `json:"us_per_number"`  // 1e6 / Rate
	Method  string  `json:"method"`         // the method of most answers, without its parameters
	Before  float64 `json:"last_us_number"` // of the engine before it factored several numbers at once; 0 = not measured
}

// A KeyReport is an identity in the report of `embedded keys ls`.
type KeyReport struct {
	Name        string      `json:"name"`
	Key         string      `json:"key"` // public
	Role        schema.Role `json:"role"`
	Sources     []string    `json:"src,omitempty"`     // networks; none = anywhere
	Expires     *time.Time  `json:"expires,omitempty"` // nil = never
	Permissions string      `json:"permissions"`       // an identity.PermissionState
	Creds       string      `json:"creds"`             // file
	Context     string      `json:"context"`           // file
}

// A LogLine has what each line of --log-format json may have. Lines have more properties: the facts of their message.
type LogLine struct {
	Level    string    `json:"level"`
	Time     time.Time `json:"time"`
	Message  string    `json:"message"`
	Error    string    `json:"error,omitempty"`
	Program  string    `json:"program,omitempty"`
	Hint     string    `json:"hint,omitempty"`
	ExitCode int       `json:"exit_code,omitempty"`

	// Facts that many lines have, with the same names in all programs.
	Job     string  `json:"job,omitempty"`
	Range   string  `json:"range,omitempty"` // <first>-<count>, first from 0
	Worker  string  `json:"worker,omitempty"`
	Attempt int     `json:"attempt,omitempty"`
	Took    float64 `json:"took,omitempty"` // milliseconds
}
