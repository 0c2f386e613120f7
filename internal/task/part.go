package task

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/text"
)

// Limits of a Part.
const (
	MaxDivisors = 16   // divisors in a Part or a Hint; a composite of 100 digits is split a few times at most
	MaxPartBits = 3400 // of the composite: a heartbeat of 4 KiB has room for one
	minPartBits = 65   // smaller composites need no campaign, and the engine splits them without large primes

	// MaxPartDigits is the size of the largest composite of a part, 2^MaxPartBits-1, in decimal digits.
	MaxPartDigits = 1024

	partSchema = 1

	// MaxAdvance is the most that Part.Advance may be: a divisor is known.
	MaxAdvance = 128
	// AdvanceUnits is Advance when all relations that are expected have been verified.
	AdvanceUnits = 64
)

// A PartState is the state of a Part. It changes in this order.
type PartState string

// The states. The values are part of the manifest.
const (
	PartSieve  PartState = "sieve"  // relations are wanted
	PartCurves PartState = "curves" // curves are wanted, instead of PartSieve; see Part.Seed
	PartDone   PartState = "done"   // Divisors split the composite, or Note says why the part ended without
)

// A Part is the manifest of a campaign: many workers sieve Composite, or run curves on it, which divides the number at
// Position of the job Parent. Its id names a job of its own in the subjects of tasks and yields, whose positions are the
// numbers of coefficients, or of groups of curves. It is the value of the key part.<parent>.<id> in the bucket
// FACTOR_JOBS, as JSON.
type Part struct {
	Schema    int       `json:"schema"`
	ID        string    `json:"id"` // ChildID(Parent, Position, Composite)
	Parent    string    `json:"parent"`
	Position  uint64    `json:"position"` // from 0
	Class     Class     `json:"class"`    // of Parent
	Composite nat.Nat   `json:"composite"`
	State     PartState `json:"state"`
	Params    []byte    `json:"params,omitempty"`   // of siqs.Params, 1 to MaxSieveParams bytes; none for curves
	Divisors  []nat.Nat `json:"divisors,omitempty"` // of Composite, 1 < d < Composite, at most MaxDivisors
	Next      uint64    `json:"next"`               // numbers of coefficients or groups below are issued, or reserved for that
	Seed      uint64    `json:"seed,omitempty"`     // of CurvesTask; 0 for a sieve
	Effort    Effort    `json:"effort,omitempty"`   // curves whose yields were counted
	Curve     *Curve    `json:"curve,omitempty"`    // that has found the first of Divisors, as a worker claims; nil = unknown
	Created   time.Time `json:"created"`

	// Advance says how much of the work is done and verified: of a sieve in 1/AdvanceUnits of the relations that are
	// expected, of curves in halves of a digit of the factors that they find. The process that conducts the campaign
	// stores it when it has grown. Pardoned is Advance when deaths of owners were last pardoned. Package attempt says what that means.
	Advance  int `json:"advance,omitempty"`  // 0 to MaxAdvance
	Pardoned int `json:"pardoned,omitempty"` // 0 to MaxAdvance

	Note string `json:"note,omitempty"` // for people
}

// ChildID returns the id of the part of a job that sieves composite, which divides the number at position. Equal
// arguments give equal ids, so that two supervisors make the same part. It has 13 characters and passes CheckJob.
func ChildID(parent string, position uint64, composite nat.Nat) string {
	hash := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", parent, position, composite))
	return childPrefix + idEncoding.EncodeToString(hash[:])[:childHash]
}

// The parts of the id of a Part: a letter, and so many characters of a hash.
const (
	childPrefix = "c"
	childHash   = 12
)

// IsChildID reports whether id has the form of the id of a Part. Ids of jobs that users choose may have it, too.
func IsChildID(id string) bool {
	hash, ok := strings.CutPrefix(id, childPrefix)
	return ok && len(hash) == childHash && strings.Trim(hash, idAlphabet) == ""
}

// Encode returns the JSON of p.
func (p *Part) Encode() []byte {
	b, err := json.Marshal(p)
	if err != nil { // no field of it can fail
		panic("task: internal error: " + err.Error())
	}
	return b
}

// DecodePart is the inverse of Encode. It refuses other text than JSON of a Part, and a time that Encode
// could not write.
// It checks no other field: see Check.
func DecodePart(b []byte) (*Part, error) {
	p := new(Part)
	if err := json.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("part manifest: %w", err)
	}
	p.Created = p.Created.UTC()
	if _, err := p.Created.MarshalText(); err != nil {
		return nil, fmt.Errorf("part manifest: %w", err)
	}
	if len(p.Divisors) == 0 {
		p.Divisors = nil // Encode omits an empty list
	}
	if len(p.Params) == 0 {
		p.Params = nil
	}
	if len(p.Effort) == 0 {
		p.Effort = nil
	}
	return p, nil
}

// Check returns an error unless the values of a decoded manifest are such as this program writes. It does no
// arithmetic: whether Composite divides the number at Position, and Divisors divide Composite, is left to the
// caller. It makes Note fit for one line of a terminal.
func (p *Part) Check() error {
	if p.Schema > partSchema {
		return fmt.Errorf("%w: its schema is %d", ErrNewer, p.Schema)
	}
	if err := cmp.Or(CheckJob(p.Parent), CheckClass(p.Class), checkComposite(p.Composite), checkDivisors(p.Composite, p.Divisors), p.Effort.Check(), p.Curve.check()); err != nil {
		return err
	}
	switch {
	case p.Position >= MaxPosition:
		return fmt.Errorf("position %d is above %d", p.Position, uint64(MaxPosition))
	case p.Next >= MaxPosition:
		return fmt.Errorf("the next coefficient or group %d is above %d", p.Next, uint64(MaxPosition))
	case min(p.Advance, p.Pardoned) < 0 || max(p.Advance, p.Pardoned) > MaxAdvance:
		return fmt.Errorf("an advance of %d and %d, expected 0 to %d", p.Advance, p.Pardoned, MaxAdvance)
	case p.ID != ChildID(p.Parent, p.Position, p.Composite):
		return fmt.Errorf("%.60q is not the id of this part", p.ID)
	case p.State != PartSieve && p.State != PartCurves && p.State != PartDone:
		return fmt.Errorf("unknown state %.40q", string(p.State))
	case p.State == PartSieve && p.Curves() || p.State == PartCurves && !p.Curves():
		return fmt.Errorf("a part of state %s with the seed %d", p.State, p.Seed)
	case len(p.Params) > MaxSieveParams || p.Curves() != (len(p.Params) == 0):
		return fmt.Errorf("sieve parameters of %d bytes, expected 1 to %d for a sieve, 0 for curves", len(p.Params), MaxSieveParams)
	}
	p.Note = text.Sanitize(p.Note, maxNote)
	return nil
}

// Curves reports whether workers run curves on the composite of p, instead of sieving.
func (p *Part) Curves() bool { return p.Seed != 0 }

// checkComposite checks the size of the composite of a campaign.
func checkComposite(c nat.Nat) error {
	if n := c.BitLen(); n < minPartBits || n > MaxPartBits {
		return fmt.Errorf("a composite of %d bits, expected %d to %d", n, minPartBits, MaxPartBits)
	}
	return nil
}

// checkDivisors checks the number and the sizes of divisors of c.
func checkDivisors(c nat.Nat, divisors []nat.Nat) error {
	if len(divisors) > MaxDivisors {
		return fmt.Errorf("%d divisors, expected at most %d", len(divisors), MaxDivisors)
	}
	for _, d := range divisors {
		if d.Cmp(nat.New(1)) <= 0 || d.Cmp(c) >= 0 {
			return fmt.Errorf("%.40s is no proper divisor of the composite", d)
		}
	}
	return nil
}
