package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// An orphan is a job token in the subjects of the streams that is no key of FACTOR_JOBS.
type orphan struct {
	job      string
	messages int
	worked   bool            // it has input or tasks, other than sieve tasks, which workers cannot write
	at       map[string]bool // streams that have messages of it
	workers  map[string]int  // messages by their writer, at most maxOrphanWorkers of them
}

// Bounds of what one sweep keeps in memory: anyone with a worker's keys can make up names.
const (
	maxOrphans       = 1000
	maxOrphanWorkers = 16
)

// orphans are the orphans of one sweep, by job token.
type orphans struct {
	max   int
	known map[string]bool // keys of FACTOR_JOBS
	found map[string]*orphan
	more  bool           // there were more than max
	lost  bool           // one of these has input or tasks
	stuck map[string]int // messages that this sweep does not remove, by their writer; at most max writers
}

// isFilterable reports whether a filter with that token selects exactly the subjects that have it. A server stores
// a message with the subject FACTOR.results.*.0-1.w, and a filter with that token would select the results of all
// jobs.
func isFilterable(token string) bool {
	for _, c := range []byte(token) {
		if c <= ' ' || c > '~' || c == '*' || c == '>' {
			return false
		}
	}
	return token != ""
}

// add takes a subject of a stream.
func (o *orphans) add(stream, subject string) {
	tokens := strings.Split(subject, ".")
	at := 2
	if stream == schema.StreamTasks {
		at = 3
	}
	if len(tokens) <= at {
		return
	}
	job, worker := tokens[at], tokens[len(tokens)-1]
	ofWorker := stream != schema.StreamInputs && stream != schema.StreamTasks
	worked := !ofWorker && !(stream == schema.StreamTasks && task.IsChildID(job)) // nobody misses a sieve task
	x, filterable := o.found[job], isFilterable(job)
	switch {
	case o.known[job]:
		return
	case x == nil && (!filterable || len(o.found) >= o.max):
		o.more = o.more || filterable
		o.lost = o.lost || worked
		if ofWorker && !o.lost { // else it may be a result of a job that has lost its manifest
			count(o.stuck, worker, o.max)
		}
		return
	case x == nil:
		x = &orphan{job: job, at: make(map[string]bool), workers: make(map[string]int)}
		o.found[job] = x
	}
	x.messages++
	x.at[stream] = true
	x.worked = x.worked || worked
	if ofWorker {
		count(x.workers, worker, maxOrphanWorkers)
	}
}

// count counts a message of a writer, of at most max writers.
func count(by map[string]int, writer string, max int) {
	if _, ok := by[writer]; ok || len(by) < max {
		by[writer]++
	}
}

// jobKeys returns the job tokens that FACTOR_JOBS knows: the ids of jobs and of parts, those with unreadable manifests
// too. The leader answers, so a job is among them as soon as CreateJob has returned.
func (f *Fleet) jobKeys(ctx context.Context) (map[string]bool, error) {
	keys, prefix := make(map[string]bool), schema.KeyPrefix(schema.BucketJobs)
	err := f.eachSubject(ctx, schema.BucketStream(schema.BucketJobs), prefix+"*", func(subject string) {
		keys[strings.TrimPrefix(subject, prefix)] = true
	})
	if err != nil {
		return nil, err
	}
	parts, err := f.PartsOf(ctx, "")
	for _, p := range parts {
		keys[p.Child] = true
	}
	return keys, err
}

// exists reports whether FACTOR_JOBS has a job or a part of that id, which must be filterable. The leader answers.
func (f *Fleet) exists(ctx context.Context, id string) (bool, error) {
	if part, err := f.isPart(ctx, id); part || err != nil {
		return part, err
	}
	return f.hasKey(ctx, id)
}

// hasKey reports whether FACTOR_JOBS has the key of a job, whose name must be filterable. The leader answers.
func (f *Fleet) hasKey(ctx context.Context, job string) (bool, error) {
	info, _, err := f.subjectsPage(ctx, schema.BucketStream(schema.BucketJobs), schema.KeyPrefix(schema.BucketJobs)+job, 0)
	if err != nil {
		return false, fmt.Errorf("look for job %s: %w", oneShortLine(job), stream.Explain(err))
	}
	return len(info.State.Subjects) > 0, nil
}

// eachSubject calls got with the subjects of a stream that match the filter. It keeps one page of them in memory.
// A subject that is stored or removed meanwhile may be left out, or come twice.
func (f *Fleet) eachSubject(ctx context.Context, name, filter string, got func(subject string)) error {
	for offset := 0; ; {
		info, total, err := f.subjectsPage(ctx, name, filter, offset)
		if err != nil {
			return fmt.Errorf("list %s: %w", filter, stream.Explain(err))
		}
		for subject := range info.State.Subjects {
			got(subject)
		}
		offset += len(info.State.Subjects)
		if offset >= total || len(info.State.Subjects) == 0 {
			return nil
		}
	}
}

// subjectsPage requests the subjects of a stream that match the filter, sorted, from the one with that offset on.
// The server sends up to 100,000. total counts those of all pages.
func (f *Fleet) subjectsPage(ctx context.Context, name, filter string, offset int) (_ *jetstream.StreamInfo, total int, _ error) {
	m := nats.NewMsg(f.link.API + "STREAM.INFO." + name)
	m.Data = fmt.Appendf(nil, `{"subjects_filter":%q,"offset":%d}`, filter, offset)
	var answer struct {
		jetstream.StreamInfo
		Error *jetstream.APIError `json:"error"`
		Total int                 `json:"total"`
	}
	reply, err := f.link.Request(ctx, m)
	if err == nil {
		err = json.Unmarshal(reply.Data, &answer)
	}
	switch {
	case err != nil:
		return nil, 0, err
	case answer.Error != nil:
		return nil, 0, answer.Error
	case !stream.HasQuorum(&answer.StreamInfo):
		return nil, 0, stream.ErrNoQuorum
	}
	return &answer.StreamInfo, answer.Total, nil
}
