// Package attempt has the rules of attempts: what becomes of a range of numbers when a worker
// receives it, when its computation ends, when a worker returns it, and when its deliveries are
// exhausted. Each rule is a function from plain values to a [Decision] or a [Settlement]. The package
// has no clock, no messaging and no state. Package worker executes the decisions of a worker, package
// fleet those of the sweeper, and embedded's ledger supplies one of the values.
//
// # Terms
//
// A delivery is one message of FACTOR_TASKS that the server has sent to a worker. An attempt is a
// delivery, counted over all rounds of a range: see [Number]. The last attempt is a delivery of a single
// number whose attempt number is at least [MaxDeliver], or what its job says if that is more: see [LastOf]. The tables
// below are of jobs that say nothing; of others they have [LastOf] in place of attempt 3 of the rules of a worker, and
// [FailuresOf] in place of attempt 3 of the table of Settle. A last-attempt record is the failure record that
// a worker stores before it starts the last attempt. A delivery has lapsed when the server has not
// heard of it for AckWait: the server then delivers the task to another worker.
//
// # What the rules achieve
//
// One number may kill or hang every worker that computes it, and it is not known which one. The
// rules find that number, give it up, and keep every other number:
//
//   - Several numbers are split, never given up. Those that have an answer by then, because the worker has stored it
//     before it died, are left out by the sweeper. The last attempt at a single number runs alone in its
//     worker, and counts only if it has started. So no number is given up because of another one.
//   - A worker's word is a claim. A number is given up if its last attempt has failed at two workers, or at the
//     only one. So no single worker's records give a number up while another worker is alive. The exception is the
//     ledger of embedded, which counts the deaths of a worker in its own process: after [MaxDeliver] deaths the
//     number is given up.
//   - A number that fails at every worker is given up after finitely many attempts. One that kills its workers
//     costs one or two of them for its chunk. Alone it then kills the only worker three times, two workers in
//     turn four times, and in other orders up to seven times (TestLife, TestLives). It is not bounded how often
//     it kills one worker while another one is alive but receives no task.
//   - After each decision a number is queued, stored as a result, or stored in a dead letter. Numbers of
//     a cancelled job are the exception. A message that is not a task becomes a dead letter as a whole.
//
// # Life of a range
//
//	stateDiagram-v2
//	    [*] --> queued
//	    queued --> waiting : delivered; Arrive says compute
//	    queued --> returned : delivered; Arrive says return
//	    waiting --> returned : worker leaves, or Stale says return
//	    waiting --> running : slot free; Start says compute
//	    waiting --> returned : slot free; Start says return
//	    waiting --> dead : slot free; Start says give up (ledger of embedded)
//	    waiting --> claimed : slot free; Start says reject
//	    running --> answered : Settle says ack
//	    running --> dropped : job cancelled; Settle says ack
//	    running --> returned : Interrupted or Hung says return; Settle says ack
//	    running --> queued : number failed, attempt 1 or 2; Settle says nak
//	    running --> claimed : number failed, attempt 3, or is hopeless; Settle says term
//	    waiting --> lapsed : server has heard nothing for AckWait
//	    running --> lapsed : the same, or the worker died
//	    lapsed --> queued : delivery 1 or 2 of the round
//	    lapsed --> exhausted : delivery 3 of the round
//	    exhausted --> queued : Exhausted says requeue
//	    exhausted --> dead : Exhausted says give up
//	    returned --> queued : Returned says requeue
//	    returned --> dead : Returned says give up
//	    claimed --> queued : holder's review, Evidence says requeue
//	    claimed --> dead : the same, Evidence says give up
//	    answered --> [*]
//	    dropped --> [*]
//	    dead --> [*]
//
// # Rules of a worker
//
// The first row that applies decides. "-" stands for any value. [Unstarted] has the first three rows for
// deliveries that already wait when the worker leaves.
//
//	function      attempt  numbers  and                                   decision
//	Arrive        last     1        worker leaves                         Return postponed
//	Arrive        2..      2..      worker leaves                         Return isolate, split
//	Arrive        -        -        worker leaves                         Return drained
//	Arrive        -        -        the task is not for this worker       as if it left, but elsewhere for drained
//	Arrive        not last -        -                                     Compute when a slot is free
//	Arrive        last     1        MaxDeliver deaths by the ledger       ComputeAlone (Start gives up)
//	Arrive        4..      1        -                                     Return postponed
//	Arrive        3        1        another last attempt is held here,    Return postponed
//	                                and few were postponed
//	Arrive        3        1        -                                     ComputeAlone when it is its turn
//	Stale         2..      1        -                                     Compute when a slot is free
//	Stale         2..      2..      -                                     Return isolate, split
//	Stale         1        -        -                                     Return drained
//	Start         -        -        unknown schema or kind                Return unsupported
//	Start         -        -        unreadable                            Reject
//	Start         2..      2..      -                                     Return isolate, split
//	Start         -        1        MaxDeliver deaths by the ledger       GiveUp
//	Start         last     1        -                                     ComputeAlone
//	Start         -        -        -                                     Compute
//	Interrupted   -        -        job cancelled                         Drop
//	Interrupted   -        -        worker quarantined                    Return drained, all numbers
//	Interrupted   -        -        worker leaves                         Return drained, the rest
//	Interrupted   -        -        another worker may succeed            Return elsewhere, the number
//	Interrupted   -        -        no attempt here can succeed           FailForGood, the number
//	Interrupted   -        2..      the number failed                     Return isolate, the number
//	Interrupted   -        1        the number failed                     Fail
//	Hung          -        1        -                                     Fail
//	Hung          -        2..      numbers before the one at hand        Return isolate
//	Hung          -        2..      the number at hand                    Return isolate, with its record
//	Hung          -        2..      numbers behind it                     Return isolate, split
//
// An expendable delivery has rules of its own, whatever its count. In all other cases it is dropped: its worker acks
// it, and stores neither a return nor a failure record. So a worker that leaves, or dies of it, costs what the range
// would have yielded.
//
//	Arrive        1        -        worker stays, and few wait            Compute when a slot is free
//	Start         1        -        readable, of a known kind             Compute
//	-             -        -        -                                     Drop
//
// [Settle] says for each verdict what is stored and then how the delivery is settled:
//
//	verdict               attempt  and                 stored first               then
//	Answered, HandedBack  -        not lapsed          results, records, returns  Ack
//	Answered, HandedBack  -        lapsed, no returns  results, records           Ack
//	Answered, HandedBack  -        lapsed, returns     results, records           Leave
//	Dropped, Sieved       -        -                   nothing                    Ack
//	Failed                1, 2     not lapsed          failure record             Nak after Backoff
//	Failed                1, 2     lapsed              failure record             Leave
//	Failed                3..      -                   dead letter                Term
//	Hopeless, Rejected    -        -                   dead letter                Term
//
// A number that a computation calls hopeless costs that worker all its attempts at once, and no more: the dead letter is
// the claim of one worker, and the evidence below decides whether another worker must confirm it. If the number has
// company, its dead letter is stored with the failure records. A number that is left to other workers has not failed:
// it spends no attempt, and its last-attempt record is withdrawn.
//
// A lapsed delivery belongs to another worker. If its numbers were returned as well, they would be queued
// twice from then on. A delivery whose last attempt has started counts as not lapsed: no other worker
// computes that number, because its deliveries are exhausted.
//
// # Rules of the sweeper
//
//	function         numbers  and                                        decision
//	Returned.Decide  -        unsupported or elsewhere, first delivery   Wait 5 s, or ElsewhereDelay
//	                          of the return
//	Returned.Decide  1        postponed                                  as Evidence.Decide
//	Returned.Decide  -        -                                          Requeue in pieces as the return says
//	                 1        drained or elsewhere                       the same; the worker's record is withdrawn
//	Advisory.Decide  -        not exhausted, tries left                  Wait
//	Advisory.Decide  -        not exhausted                              Ignore
//	Advisory.Decide  1        exhausted, tries left, no divisor known,   Wait a part of AckWait
//	                          no attempts left
//	Advisory.Decide  -        exhausted                                  Conclude
//	Unheld.Decide    2..      unnamed for less than 2 AckWait + Beat     Wait
//	Unheld.Decide    2..      -                                          Requeue, split
//	Unheld.Decide    1        unnamed for less than 4 AckWait + Beat     Wait
//	Unheld.Decide    1        last attempt                               Conclude
//	Unheld.Decide    1        -                                          Requeue, one delivery more
//	Exhausted        2..      -                                          Requeue, split
//	Further          1        exhausted, attempts left                   Requeue, all attempts so far spent
//	Exhausted        1        -                                          as Evidence.Decide
//
// # Evidence
//
// [Evidence.Decide] decides about a single number that no worker computes any more. The sweeper uses it for
// exhausted tasks and postponed returns, and the holder's review for a number that has left the queue with
// a worker's dead letter. The evidence is at which workers its last attempt has failed, by their last-attempt records
// and dead letters. Those of a worker that is quarantined or still runs the attempt do not count, and records of
// earlier attempts never do. The first row that applies decides:
//
//	workers  and                                                decision
//	0        -                                                  Requeue
//	-        the heartbeat of another worker names the range,   Requeue
//	         and it has not failed MaxDeliver times at each
//	         of two workers
//	1        another one is alive                               Requeue
//	-        heartbeats were observed for too short a time      Wait
//	1        another one was alive within AliveWaits ack waits  Wait
//	1        -                                                  GiveUp
//	2..      -                                                  GiveUp
//
// If the number has a campaign, see [Sieve], these rows come first. In them, last attempts after which the worker has
// stored no dead letter do not count: the worker has died, or the delivery has lapsed.
//
//	campaign  the table without deaths says                decision
//	-         GiveUp or Wait                               the same
//	pardons   Requeue                                      Requeue and pardon; without dead letters nothing is spent
//	advances  Requeue, and GiveUp with deaths              Wait
//
// It is queued again with [MaxDeliver]-1 deliveries spent, or [LastOf]-1 of its job: its next delivery runs alone and leaves a
// last-attempt record. If the last attempt has failed an even number of times at one worker, one delivery less is
// spent.
package attempt
