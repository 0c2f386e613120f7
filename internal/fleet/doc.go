// Package fleet has what a producer does with the streams: jobs, inputs, tasks, results, returns, dead
// letters, leases, the registry of workers and what is held against them. Package puller is the workers'
// side. Package schema names the streams and subjects, and package natsconn makes the connection.
//
// # Where things are stored
//
//	files              stream or bucket               subject or key
//	inputs*.go         FACTOR_INPUTS                  FACTOR.inputs.<job>.<range>
//	publish, requeue   FACTOR_TASKS                   FACTOR.tasks.<class>.<job>.<range>.<round>
//	results.go         FACTOR_RESULTS                 FACTOR.results.<job>.<range>.<worker>
//	sweep*.go          FACTOR_RETURNS                 FACTOR.returns.<job>.<range>.<round>.<worker>
//	exhausted*.go      FACTOR_RETURNS                 the server's MAX_DELIVERIES advisories
//	stuck*, reissue    FACTOR_TASKS                   tasks that no worker computes, or one for too long
//	dead*, failures*   FACTOR_DEAD                    FACTOR.dead.<job>.<range>.<writer>
//	refuted.go                                        FACTOR.failed.<job>.<range>.<round>.<attempt>.<worker>
//	jobs, manifests    FACTOR_JOBS                    <job>: the manifest
//	standing, trust    FACTOR_JOBS                    worker.<worker>: strikes and quarantine
//	parts*, campaign*  FACTOR_JOBS                    part.<parent>.<child>: the manifest of a campaign
//	lease*.go          FACTOR_LEASES                  <job>, <job>.feed, <child>, process.supervisor.<name>
//	registry*.go       FACTOR_WORKERS                 <worker>.<instance>: the last heartbeat
//	cache*.go          FACTOR_CACHE                   FACTOR.cache.<key>
//	orders.go          none: plain messages           orders to workers
//
//	backlog, survey, listing   which of these subjects exist, without their messages
//	answered                   how many numbers of a job are answered, without listing its results
//	endjob, expire, expiry     the end of a job, and the removal of what is stored of it
//	tombstone, orphans         what remains of a removed job, and of jobs that never existed
//	provision, settings        creating the streams, durables and buckets
//	feed, keys, *_follow       followers that all users in the process share
//
// # Four orders
//
// Four orders of steps hold everywhere, and the rest follows from them:
//
//  1. Inputs are stored before their tasks.
//  2. A result is stored before its task is acked.
//  3. A dead letter is stored before its task is terminated or removed.
//  4. Listings go TASKS, RETURNS, RESULTS, DEAD.
//
// Claim: each position of an active job is in one of the four streams of (4) at each moment, and a review
// sees it there. A position that a review does not see may be requeued: this is always possible, and
// costs repeated work at most. Sketch of a proof. Let x be a position that was queued once. By (1) its
// number can be read, so it can be requeued and its answer can be verified. A range leaves FACTOR_TASKS
// only when its task is acked, terminated or removed. By (2), (3) and the same rule for returns, it is
// then already in RESULTS, DEAD or RETURNS. A range leaves RETURNS only after the sweeper has queued it. A
// result leaves RESULTS only if it is refused, and then x is missing indeed. So x is in at least one of
// the four streams. It moves
//
//	TASKS ──► RETURNS ──► TASKS (the sweeper, next round)
//	  ├─────► RESULTS
//	  └─────► DEAD
//
// and a listing in the order (4) that misses x in TASKS, because x has left it, is followed by the
// listing of the stream that x has reached. The edge from RETURNS back to TASKS is the only one against
// the order. A review that misses a range therefore lists TASKS and RETURNS a second time. If x goes
// round between those two listings as well, x is requeued without need. That is harmless: a range that
// is computed twice has two equal answers, and the second one is a duplicate to the collector.
//
// A part has none of this: its tasks are expendable, and its results, the yields, add to a set. Whatever is lost of a
// part costs time, never an answer, because the ordinary task of the number stays in FACTOR_TASKS.
//
// Two events are outside the orders: a server that loses what it has acknowledged, and a user who removes
// a job. After the first, x is in no stream, and a review requeues it. After the second, no review does.
//
// # Steps that are done twice
//
// A request whose answer was lost is repeated, two processes may both believe that they hold a lease, and
// a message whose ack was lost is redelivered. So each step has the same effect when it is done twice:
//
//   - A message has a unique subject, and the server stores one message for each subject. The second
//     publish is refused, which counts as success.
//   - A change of a key names the revision that it replaces. The second one is a conflict.
//   - A purge or a deletion of what is gone does nothing.
//   - A round is computed from the stored time of the message that causes it, not from the clock.
//
// # Goroutines
//
// A [Fleet], [Inputs], [Trust], [Registry] and [Failures] are safe for concurrent use. A [Publisher] and a
// [Survey] belong to one goroutine. A process follows once what all its jobs share: the manifests if it
// supervises ([Fleet.FollowJobs]), the standings of workers ([Fleet.Trust]), their heartbeats
// ([Fleet.Registry]), and dead letters. Its consumers do not
// grow with its jobs, but for one of FACTOR_RESULTS for each job that it watches. A callback of a shared
// follower must not block, because it would stop the follower for all jobs.
//
// # Facts of JetStream on which this package relies
//
//   - A stream with MaxMsgsPerSubject 1 and DiscardNewPerSubject refuses a second message of a subject
//     ("maximum messages per subject exceeded"; nats-server, store.go).
//   - A work-queue stream removes a message when it is acked or terminated. A message whose deliveries are
//     exhausted stays, and the server sends an advisory once (nats-server, consumer.go).
//   - A message may have a time to live, and a bucket may have markers: when a value expires, the server
//     stores a marker in its place for a while (ADR-43 of the NATS project).
//   - A request for the subjects of a stream is answered by its leader from memory, in pages of 100,000
//     (nats-server, JSMaxSubjectDetails). A leader that is cut off still answers: see stream.HasQuorum.
//   - A direct get is answered by any replica, which may be behind (ADR-31). The key-value interface uses
//     it. So "not found" may be wrong for the time of an election, and a revision that is out of date
//     leads to a conflict, not to a lost change.
package fleet
