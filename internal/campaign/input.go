package campaign

import "math/big"

// An Input is an event that the driver reports to [Machine.Step].
type Input interface{ input() }

// Replayed says that all yields which were stored when the driver started have been
// reported. Before it, the machine issues nothing and audits nothing.
type Replayed struct{}

// Fleet describes the fleet. The driver reports it about once a second. The counts must
// be taken after the outputs of the last Step were executed, or else the machine issues
// too many tasks.
type Fleet struct {
	Slots   int  // that this campaign may use: [Share] of all but those in which the owners' tasks run
	Running int  // tasks of this campaign that workers compute
	Queued  int  // tasks of this campaign that no worker has
	Others  bool // tasks that belong to no campaign wait in the queue
}

// Reserved confirms [Reserve]: the manifest says that the numbers below Next are reserved.
type Reserved struct{ Next uint64 }

// Yield has what a worker has found in the coefficients First to End-1, or in the groups
// of curves. All but Seq is a claim of the worker. The machine keeps Data.
type Yield struct {
	Worker     string
	Seq        uint64 // names the yield; the machine only passes it on
	First, End uint64
	Data       []byte // for [Fold]; or the evidence of the curves, EvidenceBytes for each

	// Of curves only:
	B1      uint64
	Divisor *big.Int // nil: none was found
	Sigma   uint64   // of the curve that has found Divisor
}

// Solved ends [Solve]. At most one field is set. If both are nil, the relations did not
// split the number, and [Fold.Need] has grown.
type Solved struct {
	Divisor *big.Int
	Err     error // the solver cannot work, for example because of its memory
}

// Audited ends an [Audit]. Missing is how many relations of the coefficient the yield
// does not have, or how many curves have other evidence; 0 if the yield is right or could
// not be checked. Divisor is one that a curve of the audit has found; nil if there is none.
type Audited struct {
	Audit   Audit
	Missing int
	Divisor *big.Int
}

// Owned says which curves the owner has run, as it claims. The effort that the machine
// counts may be among them. Only a CurveMachine takes it.
type Owned struct{ Effort Effort }

// ParentCovered says that nobody waits for a divisor any more: the number has its answer
// or was given up, or the parent has ended.
type ParentCovered struct{}

func (Replayed) input()      {}
func (Fleet) input()         {}
func (Reserved) input()      {}
func (Yield) input()         {}
func (Solved) input()        {}
func (Audited) input()       {}
func (Owned) input()         {}
func (ParentCovered) input() {}
