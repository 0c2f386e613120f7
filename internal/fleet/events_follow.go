package fleet

import (
	"context"
	"strings"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// What is followed for `producer events`. Each has a consumer of its own, so that the caller may block. All of it is as
// stored: nothing is verified.

// A Start says which of the stored messages are delivered. New messages always are.
type Start struct {
	Since time.Time // those of this time and later, by the server's clock; zero = none

	// Reopened is called when the connection or a message was lost, see stream.Source. It may be nil.
	Reopened func(lost bool)
}

func (s Start) source(name, filter string) stream.Source {
	return stream.Source{Stream: name, Filter: filter, Since: s.Since, New: s.Since.IsZero(), Reopened: s.Reopened}
}

// FollowStoredResults calls got with the results of a job, or with those of all jobs and the yields of campaigns for "", until
// ctx ends, and caughtUp once got has had what is stored.
func (f *Fleet) FollowStoredResults(ctx context.Context, job string, start Start, got func([]stream.Message) error, caughtUp func()) error {
	return f.followStored(ctx, start.source(schema.StreamResults, schema.ResultsPrefix+below(job)), got, caughtUp)
}

// FollowStoredRecords is FollowStoredResults for the messages of FACTOR_DEAD. Of one job it takes its dead letters with failed
// false, and the records of its attempts with true; of all jobs it takes both.
func (f *Fleet) FollowStoredRecords(ctx context.Context, job string, failed bool, start Start, got func([]stream.Message) error, caughtUp func()) error {
	filter := "FACTOR.>"
	if job != "" {
		filter = schema.DeadPrefix + below(job)
		if failed {
			filter = schema.FailedPrefix + below(job)
		}
	}
	return f.followStored(ctx, start.source(schema.StreamDead, filter), got, caughtUp)
}

// below returns the tokens behind the prefix of a subject, of one job or of all.
func below(job string) string {
	if job == "" {
		return ">"
	}
	return job + ".>"
}

func (f *Fleet) followStored(ctx context.Context, source stream.Source, got func([]stream.Message) error, caughtUp func()) error {
	return f.link.Follow(ctx, source, func(batch []stream.Message, _ uint64) error { return got(batch) }, caughtUp)
}

// FollowStandings calls changed with the standings of workers, as they stand and after each change, until ctx ends, and
// caughtUp once changed has had those that were stored.
func (f *Fleet) FollowStandings(ctx context.Context, changed func(Standing), caughtUp func()) error {
	return f.followKeys(ctx, standingPrefix+"*", func(k key) {
		name := strings.TrimPrefix(k.name, standingPrefix)
		if task.CheckWorker(name) == nil && k.value != nil {
			changed(decodeStanding(name, k.value))
		}
	}, caughtUp)
}
