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
// number whose attempt number is at least [MaxDeliver]. A last-attempt record is the failure record that
// a worker stores before it starts the last attempt. A delivery has lapsed when the server has not
// heard of it for AckWait: the server then delivers the task to another worker.
//
// # What the rules achieve
//
// One number may kill or hang every worker that computes it, and it is not known which one. The
// rules find that number, give it up, and keep every other number:
//
//   - Several numbers are split, never given up. The last attempt at a single number runs alone in its
//     worker, and counts only if it has started. So no number is given up because of another one.
//   - A number is given up for one of four reasons. Its last attempt failed. Its last attempt started, as
//     the last-attempt record shows, and ended without a result. [MaxDeliver] processes died while they
//     computed it, by the ledger of embedded. [MaxLapsed] deliveries are spent without a last-attempt
//     record, which happens only if workers store none.
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
//	    waiting --> dead : slot free; Start says give up or reject
//	    running --> answered : Settle says ack
//	    running --> dropped : job cancelled; Settle says ack
//	    running --> returned : Interrupted or Hung says return; Settle says ack
//	    running --> queued : number failed, attempt 1 or 2; Settle says nak
//	    running --> dead : number failed, attempt 3; Settle says term
//	    waiting --> lapsed : server has heard nothing for AckWait
//	    running --> lapsed : the same, or the worker died
//	    lapsed --> queued : delivery 1 or 2 of the round
//	    lapsed --> exhausted : delivery 3 of the round
//	    exhausted --> queued : Exhausted says requeue
//	    exhausted --> dead : Exhausted says give up
//	    returned --> queued : Returned says requeue
//	    returned --> dead : Returned says give up
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
//	Interrupted   -        2..      the number failed                     Return isolate, the number
//	Interrupted   -        1        the number failed                     Fail
//	Hung          -        1        -                                     Fail
//	Hung          -        2..      numbers before the one at hand        Return isolate
//	Hung          -        2..      the number at hand                    Return isolate, with its record
//	Hung          -        2..      numbers behind it                     Return isolate, split
//
// [Settle] says for each verdict what is stored and then how the delivery is settled:
//
//	verdict               attempt  and                 stored first               then
//	Answered, HandedBack  -        not lapsed          results, records, returns  Ack
//	Answered, HandedBack  -        lapsed, no returns  results, records           Ack
//	Answered, HandedBack  -        lapsed, returns     results, records           Leave
//	Dropped               -        -                   nothing                    Ack
//	Failed                1, 2     not lapsed          failure record             Nak after Backoff
//	Failed                1, 2     lapsed              failure record             Leave
//	Failed                3..      -                   dead letter                Term
//	Rejected              -        -                   dead letter                Term
//
// A lapsed delivery belongs to another worker. If its numbers were returned as well, they would be queued
// twice from then on. A delivery whose last attempt has started counts as not lapsed: no other worker
// computes that number, because its deliveries are exhausted.
//
// # Rules of the sweeper
//
//	function         numbers  and                                        decision
//	Returned.Decide  -        unsupported, first delivery of the return  Wait
//	Returned.Decide  1        postponed, last-attempt record             GiveUp
//	Returned.Decide  1        postponed                                  Requeue, MaxDeliver-1 spent
//	Returned.Decide  -        -                                          Requeue in pieces as the return says
//	Advisory.Decide  -        not exhausted, tries left                  Wait
//	Advisory.Decide  -        not exhausted                              Ignore
//	Advisory.Decide  1        exhausted, tries left                      Wait a part of AckWait
//	Advisory.Decide  -        exhausted                                  Conclude
//	Exhausted        2..      -                                          Requeue, split
//	Exhausted        1        last-attempt record                        GiveUp
//	Exhausted        1        spent in earlier rounds >= MaxLapsed       GiveUp
//	Exhausted        1        -                                          Requeue, one delivery more
package attempt
