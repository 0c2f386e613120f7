// Package campaign has the rules of a campaign: many workers sieve for one hard number, or
// run curves of ECM if the number is too large for the sieve. A [Machine] conducts a sieve,
// a [CurveMachine] curves. What follows is about the sieve, see CurveMachine for the rest.
// The package is pure. It has no clock, no messaging, no engine and no goroutines.
// A driver turns events into values of [Input], calls [Conducted.Step], and executes the
// values of [Output] in their order.
//
// # Terms
//
// The number is a composite that a worker, the owner, has to factor. Its parent is the
// job to which it belongs. A coefficient is a unit of the quadratic sieve, named by a
// number from 0. A yield has the relations of some consecutive coefficients. The set
// collects relations until they have enough cycles; the solver then finds a divisor.
//
// # Phases
//
//	Sieving    tasks are issued, yields are folded into the set
//	Solving    the solver works; yields are kept back
//	Finished   a divisor is known; the owner is told until the parent has its answer
//	Abandoned  the campaign has failed; the owner finishes alone
//	Over       everything that the campaign has stored is removed
//
// # Table
//
//	input                            phase              output
//	Replayed                         Sieving            from now on tasks are issued
//	Fleet                            Sieving            Purge, Reserve, Issue
//	Reserved                         Sieving            Issue
//	Yield, all relations hold        Sieving            folded, Audit; enough cycles: Purge, Solve
//	Yield                            Solving            kept back until Solved
//	Yield, one relation is false     Sieving            Refuse; nothing is folded
//	Yield of numbers never issued    Sieving, Solving   Drop
//	Yield                            others             nothing
//	Audited, relations are missing   any before Over    Refuse
//	Solved with a divisor            Solving            Split, Stop
//	Solved without                   Solving            more cycles, Sieving; after MaxTries: Abandon, Stop
//	Solved with an error             Solving            Abandon, Stop
//	ParentCovered                    any before Over    Stop unless stopped, End
//
// # Coefficients are expendable
//
// There are over 10^9 coefficients from 226 bits on, and a campaign uses some thousand of
// them. Therefore no task is issued twice. A task that is lost costs nothing but the time
// that it took. A number is issued only after it is reserved in the manifest, and a
// supervisor that takes over starts behind the reserved numbers. So it does not rely on
// the ranges that results name, which workers choose.
//
// # Trust
//
// A relation that holds is true, whoever sent it. So a fold needs no trust in the worker.
// A worker may withhold relations. As the relations of a coefficient are determined, an
// audit proves that: see [Audit].
package campaign
