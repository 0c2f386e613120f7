package worker

import "time"

// A Status is the content of a worker's heartbeat in FACTOR_WORKERS.
type Status struct {
	Name     string    `json:"name"`
	Instance string    `json:"instance"`
	Version  string    `json:"version"`
	Kernels  string    `json:"kernels,omitempty"` // the level of kernels of its engine
	Host     string    `json:"host"`
	PID      int       `json:"pid"`
	Started  time.Time `json:"started"`
	Stats
	Seen time.Time `json:"seen"` // the server's time of the heartbeat
}

// IsQuarantined reports whether the worker has heard that it is quarantined.
func (s *Status) IsQuarantined() bool { return s.State == StateQuarantined }
