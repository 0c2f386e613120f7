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

// Yield has what a worker has found in the coefficients First to End-1. Everything in it
// is a claim of the worker. The machine keeps Data.
type Yield struct {
	Worker     string
	First, End uint64
	Data       []byte   // for [Fold]
	Divisor    *big.Int // nil: none
}

// Solved ends [Solve]. At most one field is set. If both are nil, the relations did not
// split the number, and [Fold.Need] has grown.
type Solved struct {
	Divisor *big.Int
	Err     error // the solver cannot work, for example because of its memory
}

// Audited ends an [Audit]. Missing is how many relations of the coefficient the yield
// does not have; 0 if the yield is right or could not be checked.
type Audited struct {
	Worker  string
	Number  uint64 // the coefficient
	Missing int
}

// ParentCovered says that the parent has a verified answer at the position of the number.
type ParentCovered struct{}

// ParentOver says that the parent has ended or was removed.
type ParentOver struct{}

// BudgetSpent says that the number has used up the time that its user allows.
type BudgetSpent struct{}

func (Replayed) input()      {}
func (Fleet) input()         {}
func (Reserved) input()      {}
func (Yield) input()         {}
func (Solved) input()        {}
func (Audited) input()       {}
func (ParentCovered) input() {}
func (ParentOver) input()    {}
func (BudgetSpent) input()   {}
