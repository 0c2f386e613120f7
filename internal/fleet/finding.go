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

	keep string // option of `producer init` with which a setting that differs is no finding; "" = none

	// Of a setting that differs: findings with the same state are reported as one. each is the remedy for all of them.
	of, state, each string
}

// String returns the finding in one line.
func (f Finding) String() string {
	if f.keep != "" {
		return f.fault() + "; `producer init " + f.keep + "` keeps it, " + f.Remedy + " changes it"
	}
	return f.fault() + "; " + f.Remedy
}

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
	var faults []string
	for _, f := range merged(e.list) {
		faults = append(faults, f.fault())
	}
	text := strings.Join(faults, "; ")
	if errors.Is(e.Unwrap(), ErrDiffers) {
		return fmt.Sprintf("%v: %s", ErrDiffers, text)
	}
	return text
}

// Hint returns what the user can do.
func (e *findingsError) Hint() string {
	var remedies, keep []string
	for _, f := range merged(e.list) {
		if !slices.Contains(remedies, f.Remedy) {
			remedies = append(remedies, f.Remedy)
		}
		if f.keep != "" && !slices.Contains(keep, f.keep) {
			keep = append(keep, f.keep)
		}
	}
	change := strings.Join(remedies, "; ")
	if len(keep) == 0 {
		return change
	}
	return fmt.Sprintf("`producer init %s` keeps what exists; or change it: %s", strings.Join(keep, " "), change)
}

// merged returns the list with one finding for all things that differ in the same way.
func merged(list []Finding) (short []Finding) {
	key := func(f Finding) string { return f.state + f.each }
	names := make(map[string][]string)
	for _, f := range list {
		names[key(f)] = append(names[key(f)], f.of)
	}
	for _, f := range list {
		of := names[key(f)]
		switch {
		case f.state == "" || len(of) == 1:
		case f.of != of[0]:
			continue
		default:
			f.What, f.Remedy = few(of)+" have "+f.state, f.each
		}
		short = append(short, f)
	}
	return short
}

// few returns the names with commas between, the first two of more than three.
func few(names []string) string {
	if len(names) > 3 {
		names = []string{names[0], fmt.Sprintf("%s and %d others", names[1], len(names)-2)}
	}
	return strings.Join(names, ", ")
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
