package task

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	"factorfleet/internal/nat"
)

// MaxHintBytes bounds the JSON of a hint.
const MaxHintBytes = 32 << 10

// A Hint is an order of a supervisor to the worker that has the ordinary task of a number. It tells what a campaign
// knows of a composite at hand. It is a plain message, repeated while the number has no answer; the newest one counts.
// The worker believes none of it: it divides by Divisors before it uses them, and compares Params with its own.
type Hint struct {
	Job       string  `json:"job"` // and the position of the number
	Position  uint64  `json:"position"`
	Composite nat.Nat `json:"composite"`

	// While a campaign runs: the worker sieves the coefficients from First on and publishes their relations as
	// yields of the part Child. Child is "" and Params is empty if none runs.
	Child  string `json:"child,omitempty"`
	First  uint64 `json:"first,omitempty"`
	Params []byte `json:"params,omitempty"` // at most MaxSieveParams bytes

	Divisors []nat.Nat `json:"divisors,omitempty"` // of Composite, at most MaxDivisors
	Effort   Effort    `json:"effort,omitempty"`   // curves that others have run on Composite
	Curve    *Curve    `json:"curve,omitempty"`    // that has found a divisor, as a worker claims; nil = unknown
}

// A Curve names one curve of ECM with its bounds.
type Curve struct {
	B1    uint64 `json:"b1"`
	B2    uint64 `json:"b2"`
	Sigma uint64 `json:"sigma"`
}

// check returns an error unless the bounds are those of a CurvesTask. A nil curve has none.
func (c *Curve) check() error {
	if c == nil {
		return nil
	}
	return checkBounds(c.B1, c.B2)
}

// Encode returns the JSON of h.
func (h *Hint) Encode() []byte {
	b, err := json.Marshal(h)
	if err != nil { // no field of it can fail
		panic("task: internal error: " + err.Error())
	}
	return b
}

// DecodeHint is the inverse of Encode. It refuses what no supervisor sends. It does no arithmetic.
func DecodeHint(b []byte) (*Hint, error) {
	if len(b) > MaxHintBytes {
		return nil, fmt.Errorf("hint: %d bytes, expected at most %d", len(b), MaxHintBytes)
	}
	h := new(Hint)
	if err := json.Unmarshal(b, h); err != nil {
		return nil, fmt.Errorf("hint: %w", err)
	}
	if len(h.Divisors) == 0 {
		h.Divisors = nil // Encode omits an empty list
	}
	if len(h.Params) == 0 {
		h.Params = nil
	}
	if len(h.Effort) == 0 {
		h.Effort = nil
	}
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("hint: %w", err)
	}
	return h, nil
}

// check returns an error unless all values are in their ranges.
func (h *Hint) check() error {
	if err := cmp.Or(CheckJob(h.Job), checkComposite(h.Composite), checkDivisors(h.Composite, h.Divisors), h.Effort.Check(), h.Curve.check()); err != nil {
		return err
	}
	switch {
	case h.Position >= MaxPosition || h.First >= MaxPosition:
		return fmt.Errorf("a position is above %d", uint64(MaxPosition))
	case len(h.Params) > MaxSieveParams:
		return fmt.Errorf("sieve parameters of %d bytes, expected at most %d", len(h.Params), MaxSieveParams)
	case (h.Child == "") != (len(h.Params) == 0):
		return errors.New("it has a part without parameters, or parameters without a part")
	case h.Child != "" && h.Child != ChildID(h.Job, h.Position, h.Composite):
		return fmt.Errorf("%.60q is not the id of this part", h.Child)
	}
	return nil
}
