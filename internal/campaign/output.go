package campaign

import (
	"math/big"
	"time"
)

// An Output is something that the driver must do. The driver executes the outputs of a
// Step in their order.
type Output interface{ output() }

// Reserve asks the driver to store in the manifest that the numbers below Next are
// reserved. The driver does so only if the manifest is as it last read or wrote it, and
// then reports [Reserved]. If the manifest has changed, another supervisor has taken
// over, and the driver drops this machine.
type Reserve struct{ Next uint64 }

// Issue asks for the sieve tasks
//
//	[First + i*Size, First + (i+1)*Size),  0 <= i < Tasks.
//
// A worker sieves ascending coefficients of its task for Time, and publishes a yield
// after each Flush. Of a campaign of curves the numbers are groups of curves with the
// bounds B1 and B2, which are 0 of a sieve.
type Issue struct {
	First, Size uint64
	Tasks       int
	Time, Flush time.Duration
	B1, B2      uint64
}

// Purge removes the tasks of the campaign that no worker has from the queue.
type Purge struct{}

// Solve asks for the linear algebra. Until the driver reports [Solved], the machine does
// not use the Fold, so that the solver may own it. [Stop] interrupts the solver; the
// driver then need not report Solved.
type Solve struct{}

// Split says that Divisor properly divides the number. The driver stores it in the
// manifest, and tells the owner until the parent's position is covered. Divisor is
// checked. It need not be prime. Curve has found it, as its worker claims; nil if that is
// unknown.
type Split struct {
	Divisor *big.Int
	Curve   *Curve
}

// Store asks the driver to store the effort in the manifest. If the manifest has changed,
// the driver drops this machine: see Reserve.
type Store struct{ Effort Effort }

// Refuse is a strike against the worker of a yield that is proved to be false. Yield has
// no Data.
type Refuse struct {
	Yield Yield
	Why   string
}

// Drop says that a yield is ignored. It proves nothing against its worker. Yield has no
// Data.
type Drop struct {
	Yield Yield
	Why   string
}

// Audit asks the driver to sieve the coefficient Number, which is one of Yield, and to
// count its relations that the yield lacks; or to run the group Number of curves, and to
// count those whose evidence differs. The driver reports [Audited], also after a failure.
// There is at most one audit at a time.
type Audit struct {
	Number uint64
	Yield  Yield
}

// Stop removes all tasks of the campaign from the queue, cancels those that run, and
// interrupts the solver.
type Stop struct{}

// Abandon says why the campaign has failed. The driver stores it in the manifest, so that
// the campaign is not begun again. The owner finishes alone.
type Abandon struct{ Why string }

// End asks the driver to remove the results, the manifest and the lease of the campaign.
// It is the last output.
type End struct{}

func (Reserve) output() {}
func (Store) output()   {}
func (Issue) output()   {}
func (Purge) output()   {}
func (Solve) output()   {}
func (Split) output()   {}
func (Refuse) output()  {}
func (Drop) output()    {}
func (Audit) output()   {}
func (Stop) output()    {}
func (Abandon) output() {}
func (End) output()     {}
