package fleet

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"factorfleet/internal/natsconn"
)

// A FindingKind says how bad a finding is, and who can do something about it.
type FindingKind string

// The kinds of findings, from the worst to the most harmless.
const (
	Unfit    FindingKind = "unfit"    // the server cannot have a fleet: its version, or one of its limits
	Foreign  FindingKind = "foreign"  // a stream of others takes the subjects of one of the fleet
	Differs  FindingKind = "differs"  // a setting differs, and `init` may not change it
	Missing  FindingKind = "missing"  // a stream, bucket or durable does not exist: `init` creates it
	Outdated FindingKind = "outdated" // a setting is that of an earlier release: `init` brings it up to date
	Paused   FindingKind = "paused"   // a durable delivers nothing until a time
)

// A Finding is something that is wrong with a server or with the streams of a fleet.
type Finding struct {
	Kind   FindingKind `json:"kind"`
	What   string      `json:"what"`             // what was found, on what
	Want   string      `json:"want,omitempty"`   // what is needed; "" = What says it
	Remedy string      `json:"remedy,omitempty"` // what to do, best as a command
}

// String returns the finding in one line.
func (f Finding) String() string { return f.fault() + "; " + f.Remedy }

// fault is String without the remedy.
func (f Finding) fault() string {
	if f.Want == "" {
		return f.What
	}
	return f.What + "; needed: " + f.Want
}

// A findingsError is the error of what stops `init`: one line, and a hint that has the remedies.
type findingsError struct{ list []Finding }

func (e *findingsError) Error() string {
	faults := make([]string, len(e.list))
	for i, f := range e.list {
		faults[i] = f.fault()
	}
	text := strings.Join(faults, "; ")
	if errors.Is(e.Unwrap(), ErrDiffers) {
		return fmt.Sprintf("%v: %s", ErrDiffers, text)
	}
	return text
}

// Hint returns what the user can do.
func (e *findingsError) Hint() string {
	var remedies []string
	for _, f := range e.list {
		if f.Remedy != "" && !slices.Contains(remedies, f.Remedy) {
			remedies = append(remedies, f.Remedy)
		}
	}
	return strings.Join(remedies, "; ")
}

// Unwrap returns natsconn.ErrConnect for a server that cannot be used, else ErrDiffers.
func (e *findingsError) Unwrap() error {
	if e.list[0].Kind == Unfit {
		return natsconn.ErrConnect
	}
	return ErrDiffers
}

// obstacle returns an error that has all findings of the first of these kinds that there are, nil if there are none. It
// wraps natsconn.ErrConnect or ErrDiffers.
func obstacle(list []Finding, kinds []FindingKind) error {
	for _, kind := range kinds {
		var found []Finding
		for _, f := range list {
			if f.Kind == kind {
				found = append(found, f)
			}
		}
		if len(found) > 0 {
			return &findingsError{found}
		}
	}
	return nil
}
