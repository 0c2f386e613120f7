package monitor

import (
	"fmt"
	"strings"
)

// A State is the outcome of a check. Its number is the exit code of the plug-in.
type State int

// The states, the better one first but for Unknown.
const (
	OK       State = 0
	Warning  State = 1
	Critical State = 2
	Unknown  State = 3 // the check could not be made
)

var stateNames = [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}

func (s State) String() string { return stateNames[s] }

// MarshalText returns the name in lower case.
func (s State) MarshalText() ([]byte, error) { return []byte(strings.ToLower(s.String())), nil }

// A Metric is a value that a check has measured.
type Metric struct {
	Name     string  `json:"name"` // letters, digits and _
	Value    float64 `json:"value"`
	Unit     string  `json:"unit,omitempty"` // s for seconds; "" for a count
	Warning  *Range  `json:"warning,omitempty"`
	Critical *Range  `json:"critical,omitempty"`
}

// state returns what the thresholds say of the value.
func (m *Metric) state() State {
	switch {
	case m.Critical.Bad(m.Value):
		return Critical
	case m.Warning.Bad(m.Value):
		return Warning
	}
	return OK
}

// A Result is the outcome of one check.
type Result struct {
	V       int      `json:"v"`     // 1
	Check   string   `json:"check"` // such as "queue"
	State   State    `json:"state"`
	Code    int      `json:"code"`    // the exit code
	Message string   `json:"message"` // one line
	Metrics []Metric `json:"metrics"`
}

// New returns a result, whose state is the worst one that the thresholds of a metric give, and at least least.
func New(check string, least State, message string, metrics ...Metric) *Result {
	r := &Result{V: 1, Check: check, State: least, Message: message, Metrics: append([]Metric{}, metrics...)}
	var bad []string
	for i := range r.Metrics {
		m := &r.Metrics[i]
		state := m.state()
		if state == OK {
			continue
		}
		r.State = max(r.State, state)
		limit := m.Warning
		if state == Critical {
			limit = m.Critical
		}
		bad = append(bad, fmt.Sprintf("%s = %s%s is outside %s", m.Name, figure(m.Value), m.Unit, limit.rule()))
	}
	if len(bad) > 0 {
		r.Message += " (" + strings.Join(bad, ", ") + ")"
	}
	r.Code = int(r.State)
	return r
}

// rule returns the text of a range for a sentence.
func (r *Range) rule() string {
	if r.inside {
		return "the limits " + r.text + " (these values are bad)"
	}
	return "the limits " + r.text
}

// Failed returns the result of a check that could not be made, because of err.
func Failed(check string, err error) *Result {
	return &Result{V: 1, Check: check, State: Unknown, Code: int(Unknown), Message: err.Error(), Metrics: []Metric{}}
}
