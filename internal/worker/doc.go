// Package worker runs tasks. It pulls deliveries into slots, has a Kind compute them, sends heartbeats
// meanwhile, stores the results, settles the deliveries, and returns unfinished work when the program
// ends.
//
// Package attempt decides what becomes of a delivery, and this package executes its decisions. The package
// knows neither NATS nor mathematics: both are interfaces. It does not decide when a returned range is
// queued again, nor what a wrong result means for a worker. Only the computation can fail a delivery: an
// unreachable server only delays it.
//
// # Life of a delivery
//
// A delivery is held from deliver to releaseLocked. Its state says where it is:
//
//	                Source.Pull calls deliver
//	                          |
//	waiting         buffer or lastAttempts ---- Arrive, Stale or a drain says return ----+
//	                          |                                                          |
//	                take, when a slot is free                                            |
//	                          |                                                          |
//	running         current of a slot ---- loseSlotLocked ---> hung, not held            |
//	                          |                                     |                    |
//	                       finish                             a copy of it is            |
//	        10 ms or more     |     shorter                         v                    v
//	settling  in its slot <---+------------------------> in unsettled, then with a settler
//	               |                                    or in gathered, then in a group
//	               |                                                   |
//	               +----------> settle: Outbox, then Handle <----------+
//	                                        |
//	settled                     releaseLocked: not held
//
//	pull.go, arrival.go        up to waiting
//	serve.go, last.go          from one task of a slot to the next
//	compute.go, run.go         decode, compute; outcome.go collects what is to be stored
//	partial.go                 stores what is finished while a long task runs
//	part.go, yields.go         in place of run.go for tasks of parts: they are expendable, and return nothing
//	preempt.go                 ends tasks of parts early while ordinary tasks wait
//	hint.go                    what supervisors tell of a number that several workers work on
//	heartbeat.go, hang.go      find computations that hang; memory.go those that take the memory
//	settlers.go, settle.go     from settling on
//	gather.go, join.go         the same of short tasks, together
//	orders.go, drain.go        end tasks from outside
//	recorder.go                counts of all this, for metrics
//	pause.go, once.go          when no tasks are taken for a while, or no more
//
// Every place has one owner: a queue belongs to mu, a running delivery to its slot, a settling one to the
// goroutine that settles it. The outcome travels with the delivery and needs no lock.
//
// # Goroutines
//
//	goroutine   how many         ends when                            owns
//	Run         1                drained, or the timeout has passed   settleCtx, the time line of the drain
//	puller      1                the drain begins; ErrRestart         the call of Source.Pull
//	slot        Config.Slots     draining and the buffer is empty     fields of slot and delivery that say so
//	settler     0 to 512         Run ends                             the delivery that it settles
//	gatherer    0 to 4           gathered is empty                    the deliveries of its group
//	partial     0 to Slots       it has stored one, or Run ends       partial.left
//	yield       0 to 3*Slots     it has stored one, or Run ends       nothing
//	heartbeat   1                Run ends                             beats, scanned, scannedCPU
//	guard       1 if MaxMemory   Run ends                             nothing
//
// Cancel, Quarantine, Release, SetPause, Hint, StopComputing, PullError and Stats are called from goroutines of the program.
//
// The goroutines wait for each other in four condition variables of mu. The goroutine that makes a condition
// true signals it:
//
//	variable     who waits      until
//	work         slots          nextLocked returns a delivery, or the drain begins
//	demand       puller         demandLocked > 0, or the drain begins
//	settleWork   settlers       unsettled is not empty, or Run ends
//	settleRoom   slots          unsettled and gathered have fewer than maxUnsettled deliveries
//
// # Locks
//
// Worker.mu is the only lock. A function whose name ends in Locked requires it. Worker.mu guards the fields
// of Worker below it, the fields of slots and deliveries that say so, and the links of all queues. It is
// released before a method of Source, Handle, Outbox, Kind or Ledger is called, because these wait for a
// server, a disk or a computation. So their own locks have no order with mu. Tick and Progress are called
// millions of times: they write atomic variables instead. A Recorder is called with mu held, too: it calls nothing of the
// worker, so its own locks are always the inner ones.
//
// # Invariants
//
//   - A result is stored before its ack. If storing fails, the ack is not sent: the server still has the task.
//   - The results of a delivery overlap nowhere: each answer is in one of them.
//   - A delivery is settled once. A slot that hangs gives its delivery up to a copy, under mu.
//   - Each number of a delivery is in a result, a return or a failure when it is settled, unless its job was
//     cancelled. See run for the loop invariant.
//   - busy + waiting <= Slots * maxSlotTasks. Slots also wait while maxUnsettled tasks wait for a settler,
//     and stale tasks are not returned then. So, however slow the server is, at most
//     2*Slots*maxSlotTasks + maxUnsettled + maxSettlers + maxGroups*groupMost + pullTasks + 2 deliveries are held:
//     tasks that slots may take, a full buffer that was returned as stale, finished tasks, and last attempts of one request.
//   - A running computation is never interrupted by what was meant for the task before it: current,
//     interruption and ctx of a slot change together, under mu. The same holds for
//     the numbers of one task that tick when they begin: see faultIsPast.
//   - Heartbeats are sent for deliveries that wait, settle, or run and make progress. A computation that
//     hangs gets none. So the server redelivers its task even if this process never notices.
//   - While a last attempt is held nothing is pulled, and no other task starts: see last.go.
//   - While nothing is held no goroutine looks at a clock, so that an idle worker costs nothing: see Idle.
//
// # Times
//
// The reason of each stands beside its constant or function:
//
//	what                             how long                                       where
//	work pulled ahead for a slot     prefetchWork: prefetch = prefetchWork/pace - 1 pace.go
//	wait in the buffer               1 to 2 staleEvery; then it is returned         arrival.go
//	between two heartbeats           beatEvery = AckWait/6                          heartbeat.go
//	computation without a tick       silenceLimit = AckWait/3, at least 1 s         heartbeat.go
//	end after an interruption        stopLimit = AckWait/6, at least 1 s            heartbeat.go
//	present number                   limit = 40*budget + Config.Grace               budget.go
//	between two partial results      Config.StoreEvery                              partial.go
//	task of a part                   2*PartKind.Limit + Config.Grace                part.go
//	slot after one that failed       restAfterFailure                               part.go
//	task of a part, at least         preemptAfter; ends early each preemptEvery     preempt.go
//	nothing is pulled ahead          partsFor after a task of a part has arrived    preempt.go
//	end if memory is short           guardStopLimit; found within guardEvery        memory.go
//	unconfirmed last step            confirmTries, about 5 min                      settle.go
//	before the next attempt          attempt.Backoff: 5 s, then 10 s                settle.go
//	after a failed Pull              errorPause, doubled up to errorMost            pull.go
//	drain                            Config.DrainTimeout, and endGrace              drain.go
//	running tasks of a sleep         half of Config.DrainTimeout                    pause.go
//
// # Time line of a drain
//
// T is Config.DrainTimeout:
//
//	0            pulling stops; waiting deliveries and late arrivals are returned; running ones continue
//	T/2          computations are interrupted (earlier by StopComputing): answers are stored, the rest returned
//	T            settleCtx ends: calls of Outbox and Handle return; what is unsettled is left to redelivery
//	T + 1 s      Run returns although calls have not
//
// A sleep (SetPause) has the first two lines of it, and no others.
//
// Run returns as soon as nothing is held and Source.Pull has returned. The second half is for the server:
// it covers an election (10 s) if T is at least 20 s.
package worker
