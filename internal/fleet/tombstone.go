package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A tombstone is the manifest of a removed job. It reserves the id for TombstoneAge. It is one message: it removes
// the earlier revisions of its key. Who removes it:
//
//	who                | when                      | and also removes
//	a supervisor       | when it is due            | late results and records of the job
//	the server         | tombstoneGrace later      | nothing; a supervisor sweeps late results, see orphans
//	a producer         | if RemoveExpired meets it | as a supervisor does
//
// The server does so if the bucket permits a time to live of single messages. A bucket of an earlier release does
// not, until init has changed it.

// tombstoneGrace is how much longer than TombstoneAge the server keeps a tombstone: in this time a producer may meet
// it, which also removes what is left of the job.
const tombstoneGrace = 24 * time.Hour

// writeManifest stores j in place of a revision of its key, and returns the new revision. The error is that of the
// key-value interface.
func (f *Fleet) writeManifest(ctx context.Context, j *task.Job, revision uint64) (uint64, error) {
	if j.State != task.Removed {
		return f.jobs.Update(ctx, j.ID, j.Encode(), revision)
	}
	expect := jetstream.WithExpectLastSequencePerSubject(revision)
	m := &nats.Msg{Subject: f.link.KeySubject(schema.KeyPrefix(schema.BucketJobs) + j.ID), Data: j.Encode(), Header: nats.Header{}}
	m.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
	if !f.tombstonesStay.Load() {
		ack, err := f.link.JS.PublishMsg(ctx, m, expect, jetstream.WithMsgTTL(TombstoneAge+tombstoneGrace))
		switch {
		case err == nil:
			return ack.Sequence, nil
		case !stream.IsTTLDisabled(err):
			return 0, err
		}
		f.tombstonesStay.Store(true)
		m.Header.Del(jetstream.MsgTTLHeader)
	}
	ack, err := f.link.JS.PublishMsg(ctx, m, expect)
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// An extent is what a stream held of all jobs at one moment: messages with sequences up to last. Streams that
// were empty have none.
type extent struct {
	stream jetstream.Stream
	last   uint64
}

// extents returns the extents of all streams, in the order in which a job is removed from them.
func (f *Fleet) extents(ctx context.Context) (list []extent, _ error) {
	for _, s := range []jetstream.Stream{f.tasks, f.returns, f.results, f.inputs, f.dead} {
		info, err := s.Info(ctx)
		if err != nil {
			return nil, stream.Explain(err)
		}
		if info.State.Msgs > 0 {
			list = append(list, extent{s, info.State.LastSeq})
		}
	}
	return list, nil
}

// filtersOf returns the filters that select the messages of a job in a stream.
func filtersOf(stream, job string) []string {
	switch stream {
	case schema.StreamTasks:
		return []string{schema.TasksPrefix + "*." + job + ".>"}
	case schema.StreamReturns:
		return []string{schema.ReturnsPrefix + job + ".>"}
	case schema.StreamResults:
		return []string{schema.ResultsPrefix + job + ".>"}
	case schema.StreamInputs:
		return []string{schema.InputsPrefix + job + ".>"}
	case schema.StreamDead:
		return []string{schema.DeadPrefix + job + ".>", schema.FailedPrefix + job + ".>"}
	}
	return nil
}

// removeTombstone removes a tombstone j that is due, and what was stored of its job up to the extents, which must
// have been read before the tombstone. It needs no lease: the id is free only after that tombstone is gone, so
// that what a new job of the id stores has later sequences and stays. Two processes may do it at once.
//
// In a cluster j may have been read from a replica that is behind, and the id may be that of a new job. So the
// tombstone is written once more, which the leader refuses then.
func (f *Fleet) removeTombstone(ctx context.Context, j *task.Job, revision uint64, extents []extent) error {
	s, err := f.jobsStream(ctx)
	if err != nil {
		return err
	}
	if s.CachedInfo().Config.Replicas > 1 {
		if revision, err = f.confirmTombstone(ctx, j, revision); err != nil || revision == 0 {
			return err
		}
	}
	var list []purge
	for _, e := range extents {
		for _, p := range purgesOf(j.ID, e.stream) {
			p.last = e.last
			list = append(list, p)
		}
	}
	// Not Purge of the bucket, which would leave a marker for ever.
	list = append(list, purge{s, schema.KeyPrefix(schema.BucketJobs) + j.ID, revision})
	return f.purge(ctx, j.ID, list)
}

// confirmedFor is how long after its confirmation a tombstone is due again. Else all supervisors would confirm it at
// once, each time that one of them has done so.
const confirmedFor = 5 * time.Minute

// confirmTombstone writes a tombstone in place of its revision, and returns the new one; 0 if the key has another.
func (f *Fleet) confirmTombstone(ctx context.Context, j *task.Job, revision uint64) (uint64, error) {
	again, due := *j, f.Now(ctx).Add(confirmedFor)
	again.Expires = &due
	confirmed, err := f.writeManifest(ctx, &again, revision)
	switch {
	case stream.IsConflict(err):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("confirm that job %s is removed: %w", j.ID, stream.Explain(err))
	}
	return confirmed, nil
}

// jobsStream returns the stream of FACTOR_JOBS.
func (f *Fleet) jobsStream(ctx context.Context) (jetstream.Stream, error) {
	if s := f.jobsOf.Load(); s != nil {
		return *s, nil
	}
	s, err := f.link.JS.Stream(ctx, schema.BucketStream(schema.BucketJobs))
	if err != nil {
		return nil, stream.Explain(err)
	}
	f.jobsOf.Store(&s)
	return s, nil
}
