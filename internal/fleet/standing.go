package fleet

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"factorfleet/internal/task"
)

// MaxStrikes is how many strikes quarantine a worker.
const MaxStrikes = 3

const (
	standingPrefix  = "worker." // of the keys in FACTOR_JOBS; no job id has a dot
	maxStandings    = 1000      // workers with strikes; without credentials names are free to invent
	maxStandingSize = 16 << 10  // bytes of a standing that are read; MaxStrikes with their texts take 3 KiB
	maxReason       = 300       // bytes of a text: a few lines of a terminal
)

// A Strike is one result that did not verify, or one or more failure records that were refuted (Refutations). A
// result that is only late, a duplicate or of an unknown range is none: an honest worker may send those.
type Strike struct {
	Time   time.Time `json:"time"`
	Job    string    `json:"job"`
	Range  string    `json:"range"`
	Seq    uint64    `json:"seq"`             // of the result in FACTOR_RESULTS: one result is one strike, whichever process sees it
	Claim  bool      `json:"claim,omitempty"` // the strike is for failure records: Seq is that of the last one in FACTOR_DEAD
	First  uint64    `json:"first,omitempty"` // sequence of the first of several records; 0 = Seq is a dead letter
	Reason string    `json:"reason"`

	results uint64 // Claim: the last sequence of FACTOR_RESULTS when the strike is written; not stored
}

// same reports whether two strikes are for the same message, or for records that overlap.
func (x Strike) same(y Strike) bool {
	if x.Claim && y.Claim && x.First > 0 && y.First > 0 {
		return x.First <= y.Seq && y.First <= x.Seq
	}
	return x.Claim == y.Claim && (x.First > 0) == (y.First > 0) && x.Seq == y.Seq
}

// A Standing is what is held against a worker: the value of its key in FACTOR_JOBS.
// It is JSON so that a person with the nats command can read it.
//
//	          strike 1, 2             strike 3, or Quarantine
//	good ───────────────► with strikes ──────────────► quarantined
//	  ▲                        │ Release                    │ Release
//	  └────────────────────────┴────────────────────────────┘
//
//	state          its results                          its failure records  the worker, once it knows
//	good           are verified                         count                computes
//	with strikes   are verified                         count                computes
//	quarantined    up to After: are verified;           do not count         returns its tasks, pulls none
//	               later ones: are refused unread
//
// Any watcher may write a strike, and a user quarantines and releases. A key is never deleted by these
// programs: a worker that was released keeps Forgiven, so that a result which is verified again, by a
// watcher that starts later, does not earn a second strike. Complaints change no state.
type Standing struct {
	Worker      string     `json:"worker"`
	Strikes     []Strike   `json:"strikes,omitempty"` // at most MaxStrikes
	Quarantined *time.Time `json:"quarantined,omitempty"`
	Reason      string     `json:"reason,omitempty"` // of the quarantine

	// Sequences of FACTOR_RESULTS. A quarantined worker's results after After are refused unread; earlier ones
	// are checked like those of any worker, so that its good work is not lost. Results up to Forgiven earn no
	// strikes.
	After    uint64 `json:"after,omitempty"`
	Forgiven uint64 `json:"forgiven,omitempty"`
	// Failure records up to this sequence of FACTOR_DEAD earn no strikes.
	ForgivenClaims uint64 `json:"forgiven_claims,omitempty"`

	Complaints map[Complaint]uint64 `json:"complaints,omitempty"` // how many of each kind; must not be modified, copies share it

	revision uint64 // of its key, as read or written here; 0 = there is no key
}

// decodeStanding decodes the standing of a worker. Without credentials any client may have written
// it: an unreadable one is a good standing, and texts are shortened.
func decodeStanding(worker string, b []byte) Standing {
	var s Standing
	if len(b) > maxStandingSize || json.Unmarshal(b, &s) != nil {
		return Standing{Worker: worker}
	}
	s.Worker = worker
	s.Reason = oneShortLine(s.Reason)
	s.Quarantined = encodable(s.Quarantined)
	s.Complaints = knownComplaints(s.Complaints)
	s.Strikes = s.Strikes[:min(len(s.Strikes), MaxStrikes)]
	for i := range s.Strikes {
		x := &s.Strikes[i]
		x.Time = *encodable(&x.Time)
		x.Job, x.Range, x.Reason = oneShortLine(x.Job), oneShortLine(x.Range), oneShortLine(x.Reason)
	}
	return s
}

// encodable returns t, or the zero time if t is a time that JSON can decode but not encode.
func encodable(t *time.Time) *time.Time {
	if t != nil {
		if _, err := t.MarshalText(); err != nil {
			return new(time.Time)
		}
	}
	return t
}

// encode returns the value of the key.
func (s *Standing) encode() []byte {
	b, err := json.Marshal(s)
	if err != nil { // no field of it can fail
		panic("fleet: internal error: " + err.Error())
	}
	return b
}

// oneShortLine returns text that any client may have written as one line of at most maxReason bytes.
func oneShortLine(text string) string {
	text = task.OneLine(text)
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason-3], "") + "..."
	}
	return text
}

// strike adds a strike and reports whether that changed anything. It changes nothing for a message that has
// earned a strike before or was forgiven, or whose worker is quarantined.
func (s *Standing) strike(x Strike) bool {
	if s.Quarantined != nil || s.isForgiven(x) || slices.ContainsFunc(s.Strikes, x.same) {
		return false
	}
	x.Reason = oneShortLine(x.Reason)
	s.Strikes = append(s.Strikes[:min(len(s.Strikes), MaxStrikes-1)], x) // another client may have written more
	if len(s.Strikes) >= MaxStrikes {
		now := x.Time
		s.Quarantined, s.After = &now, x.Seq
		what := "results did not verify"
		if x.Claim {
			s.After = x.results
		}
		if slices.ContainsFunc(s.Strikes, func(y Strike) bool { return y.Claim }) {
			what = "results or failure records did not verify"
		}
		s.Reason = oneShortLine(fmt.Sprintf("%d %s, the last: %s", len(s.Strikes), what, x.Reason))
	}
	return true
}

// isForgiven reports whether the worker was released after the messages of x, or the first of them, were stored.
func (s *Standing) isForgiven(x Strike) bool {
	switch {
	case !x.Claim:
		return x.Seq <= s.Forgiven
	case x.First > 0:
		return x.First <= s.ForgivenClaims
	}
	return x.Seq <= s.ForgivenClaims
}
