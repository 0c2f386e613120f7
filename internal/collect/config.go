package collect

import (
	"context"
	"errors"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// ErrNoInput says that a range does not lie inside the stored input. The error of
// Config.Numbers wraps it.
var ErrNoInput = errors.New("not in the stored input")

// defaultLimit is the default of Config.Limit, in bytes.
const defaultLimit = 32 << 20

// Config holds the job's parameters and the functions by which a Collector reads
// input and writes output.
type Config struct {
	// Kind is the kind of the job. Results of another kind are refused.
	Kind string

	// Format is that of the items, if the kind is exec:NAME.
	Format task.Format

	// Replicas is 2 if each position needs the same answer of two workers; else 0 or 1.
	Replicas int

	// Budget is what the tasks of the job name; 0 = none.
	Budget time.Duration

	// One: an unfinished answer with a proper factor needs no time; see task.Job.One.
	One bool

	// LeastBudget returns the least time that a worker may have had for a number of so many bits,
	// whose task names a budget or none. An answer that was left unfinished sooner is refused.
	// nil = the time is not checked. It must be safe for concurrent use, as Check is.
	LeastBudget func(named time.Duration, bits int) time.Duration

	// Numbers returns the r.Count numbers of r as the stored input has them. The
	// Collector requests at most task.MaxCount numbers a call. It requests them when
	// it checks a result, and once more when it emits a result that had to wait, so
	// the caller should cache input blocks. An error that wraps ErrNoInput refuses the
	// result; any other error is returned to the caller of Check, Accept or GiveUp.
	// Numbers must be safe for concurrent use, as Check is. The returned slice must
	// not change.
	Numbers func(ctx context.Context, r task.Range) ([]nat.Nat, error)

	// Written returns how the input wrote the numbers of r, by position, as far as Item.Expr has it. The Collector
	// calls it when it emits r, after Numbers. Its errors are those of Numbers. nil = the texts are not of interest.
	Written func(ctx context.Context, r task.Range) ([]task.Written, error)

	// Reread returns the payload of the result with the stream sequence seq, and when it was stored. It retries
	// for as long as a retry may help: if it returns an error or another payload, the
	// result counts as lost (LostResult). Required if Ordered.
	Reread func(ctx context.Context, seq uint64) (payload []byte, stored time.Time, err error)

	// Emit writes the answer of one position. The Item and its Factors belong to the
	// Collector, which overwrites them after the call. A position counts as emitted
	// once Emit has returned nil for it, and is not emitted again.
	Emit func(*Item) error

	// Ordered: positions are emitted in the order 0, 1, 2, ... Otherwise they are
	// emitted as soon as they are covered.
	Ordered bool

	// Limit bounds the memory of the results that wait for their turn, in bytes. The
	// payloads beyond it are dropped and read again later. 0 = 32 MiB.
	Limit int64
}

// An Item is the answer for one position.
type Item struct {
	Position           uint64 // from 0
	N                  nat.Nat
	Expr               string // how the input wrote N; "" = in plain digits, or it is not known
	Kind               string
	Format             task.Format // of the items of kind exec:NAME
	task.Factorization             // empty if Dead
	Worker             string      // "" if Dead
	Attempt            uint32      // as the worker claims; 0 if Dead
	Dead               string      // why the number was given up; "" = it was not
	task.Source                    // zero if Dead
}
