// Package job takes one job from its input to its last line of output. Package producer and
// package embedded share it.
//
// # Roles
//
// One or more processes run a job at the same time, and each may die at any point. A process has
// one or more of these roles:
//
//   - The feeder reads the input, stores it in FACTOR_INPUTS block by block, cuts it into chunks
//     and queues them, unless the job is throttled: then the holder queues them (dispatch.go). It has the feeder's lease, so that there is one at a time.
//   - A watcher reads the results, verifies them against the stored input and emits them. Every
//     process of a job but that of submit --detach is one.
//   - The holder is the watcher that has the job's lease. It requeues lost ranges, and issues ranges
//     again that a worker holds for too long (overdue.go).
//   - The conductor has the lease of a part of the job: it has free workers sieve one hard number
//     (campaign*.go, conductor*.go). A supervisor is one, or the holder if there is no supervisor.
//   - The supervisor, in embedded run, runs watchers without output for the jobs that need one
//     (supervisor.go). The rest of this comment is about the other roles.
//
// All that is remembered is in the streams. A watcher that starts later reads the same results,
// and a new holder finds out by itself what is missing. Two feeders or two holders at a time can
// exist for moments, when a lease is lost unnoticed. That is harmless: each step of a feeder or
// holder may be done twice.
//
// # The life of a job
//
// A job is its manifest in the bucket FACTOR_JOBS, which has one of these states:
//
//	Open       the feeder stores numbers; Count is 0
//	Sealed     all Count numbers are stored; CutOff = the input was longer
//	Done       each number has a verified answer or was given up
//	Cancelled  final: a user cancelled the job
//	Removed    final: a user removed the job, or it has expired
//
//	Open ──── feeder.seal, cutOff ────> Sealed ── recordEnd ──> Done
//	  ^                                   │ ^                    │ │
//	  │                                   │ └──── dead retry ────┘ │
//	  └─ reopen: more input of a cut-off job, or lost input ───────┘
//
// A process's part in a job ends with a value of type ending (ending.go). The first ending wins.
// Then all goroutines stop, and the process does with the streams what that ending needs.
//
// # If a process dies
//
// Each step leaves the streams in a state that another process can continue from:
//
//	the process dies                          what the others do
//	feeder, after blocks, before their chunks the holder finds the ranges missing, once a later chunk
//	                                          is queued or the job is sealed
//	feeder, before it has sealed the job      the holder seals the job as cut off 3 s after the lease
//	                                          has expired; the same input, submitted again, continues
//	                                          behind what is stored. A feeder that a signal ends seals
//	                                          the job so itself (leave.go)
//	watcher                                   nothing: it has changed nothing that they need
//	holder, at any step of a review           the next one reviews at once when it gets the lease
//	last watcher                              workers finish what is queued; embedded run, or the
//	                                          next wait, continues
//	submitter, before it has removed the job  the job stays, done, until it expires
//
// # Goroutines
//
// In each process one goroutine, the loop, decides everything about the job. The others wait
// for a stream, the input or a timer, and send events to it (event.go):
//
//	source             goroutine    events
//	the input        > feeder     > inputConfirmed, manifestChanged, inputSealed ─┐
//	FACTOR_RESULTS   > checker    > batch, caughtUp ──────────────────────────────┤
//	FACTOR_JOBS      > manifests  > the newest manifest ──────────────────────────┤
//	FACTOR_DEAD      > letters    > a review is requested ────────────────────────┼─> loop ─> Watch.Emit
//	FACTOR_LEASES    > lease      > leaseChanged; queues audits while held ───────┤    │
//	FACTOR_WORKERS   > heartbeats > heartbeatsKnown ──────────────────────────────┤    │
//	timers           >            > a review, a look for overdue ranges, more of  │    │
//	                                a throttled job, or a deadline is due ────────┤    │
//	the job's streams> operations > answer, reminded, overdueIssued, dispatched, ─┘    │
//	                                begunKnown                                         │
//	                       ^                                                           │
//	                       └─────────── one for each step of a review <────────────────┘
//
// Who owns what:
//
//   - The loop owns the collector, the manifest, the state of the review, and whether this
//     process is the holder (loop.go). It alone accepts, gives up, emits and flushes.
//   - The feeder owns the input (feed.go), and its queuer, a goroutine for each lease, the publisher
//     (feed_queue.go). The states of the feeder are a table (feed_state.go).
//   - The checker owns the counts of refused results (check.go). It verifies a batch on all
//     cores before the loop gets it. It tells the auditor (audit.go) of unfinished answers, some
//     of which the goroutine of the lease queues again.
//   - An operation owns nothing. It reads or changes the streams once.
//
// Goroutines share only what is safe for concurrent use: fleet.Fleet, fleet.Inputs,
// fleet.Trust, fleet.Registry, plan.JobProgress, Watch.Status, Collector.Check, and the count of accepted answers.
//
// # Why nothing waits for ever
//
// The loop waits for an event, for Emit and Flush, and for the numbers and results that the
// collector reads again. It never waits for another goroutine of the loop. A goroutine waits for
// the loop only in post and deliver, and both return when the loop's context ends. So a cycle of
// waits needs the output in it, and the output is the user's.
//
// A slow output stops the loop, and so the checker, whose channel has no buffer, and so the
// server's messages. It does not stop the feeder, which sends a handful of events in all.
// Manifests and requests for a review replace each other in a mailbox (latest), so that the
// followers of streams, which serve all jobs of the process, never wait for one job's output.
//
// The ending of a cancelled job does not pass through the loop: finish ends the loop's context,
// with which each wait for the server ends, also one of the loop itself.
//
// # Why a review loses nothing
//
// A range moves between the streams in these ways only, and is stored in the next stream before
// it is removed from the last one:
//
//	TASKS ──> RESULTS    a worker stores its answer, then acks
//	TASKS ──> RETURNS    a worker hands the range back, then acks
//	TASKS ──> TASKS      the sweeper stores a task of another round, or of its parts, then removes a stuck one
//	TASKS ──> nothing    the holder removes the tasks of a covered range that was issued several times: the
//	                     answer is in RESULTS, or the sweeper's letter in DEAD
//	TASKS ──> DEAD       a worker or the sweeper stores the dead letter, then the task is removed; only the sweeper's
//	                     gives the range up: with a worker's it is missing, and the holder decides
//	RETURNS ──> DEAD     the sweeper, the same
//	RETURNS ──> TASKS    the sweeper queues the range with the next round
//	RESULTS ──> nothing  a watcher removes a refused result: the range is to be requeued
//
// A review lists TASKS, RETURNS, RESULTS, DEAD at times t1 < t2 < t3 < t4. Take a range that is in
// some stream at each of these times. Let it be in TASKS at t1: it is listed. In RESULTS at t1 or
// t2: it stays there, and the review waits until this process has dealt with all results up to the
// last one of t3, so that it is covered, or was refused and has to be requeued. In DEAD: it stays
// there and is listed at t4. In RETURNS at t1: it is listed at t2, or has moved to DEAD, which is
// listed later, or back to TASKS. A listing of TASKS is of one moment, so that a range which changes its
// round is in it. Only if a range comes back from RETURNS can it be missing from all four
// listings. So before the holder requeues anything it lists the queue again, and requeues what is
// missing from both listings.
//
// The remaining error is on the side of repeated work: a range that was answered between the two
// listings is requeued without need, and its second answer is a duplicate. Conversely, a range that
// is in no stream is in no listing, and is requeued by the next review of a holder.
//
// The tasks of audits (audit.go) are of covered ranges: a review does not look at them, and nothing waits for them.
//
// Covered means verified in this process, never merely listed: a stored result may be wrong.
//
// The input of an open job grows. Its feeder stores a block before it queues the block's chunks, and
// queues chunks in order. So the review looks only at positions below the end of the last chunk that
// is known to have been queued; those behind it are the feeder's.
package job
