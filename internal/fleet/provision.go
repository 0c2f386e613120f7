package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// Init creates what is missing of streams, durables and buckets, and returns a line
// for each thing made, or that it would make. What exists is never changed: a
// difference is an error wrapping ErrDiffers that lists all of them.
func Init(ctx context.Context, js jetstream.JetStream, p Provision) (made []string, err error) {
	replicas := cmp.Or(p.Replicas, 1)
	in := &initializer{js: js, dryRun: p.DryRun}
	for _, s := range schema.Streams(p.TaskBytes) {
		in.stream(ctx, streamConfig(s, replicas))
	}
	for _, d := range schema.Durables(p.AckWait) {
		in.durable(ctx, d.Stream, consumerConfig(d))
	}
	for _, b := range schema.Buckets() {
		in.bucket(ctx, bucketConfig(b, replicas))
	}
	if in.err == nil && len(in.differences) > 0 {
		in.err = fmt.Errorf("%w: %s; set them alike, or remove the stream and run init again", ErrDiffers, strings.Join(in.differences, "; "))
	}
	return in.made, in.err
}

// initializer collects what Init did; after the first error it does nothing more.
type initializer struct {
	js          jetstream.JetStream
	dryRun      bool
	made        []string
	differences []string
	err         error
}

func (in *initializer) stream(ctx context.Context, want jetstream.StreamConfig) {
	if in.err != nil {
		return
	}
	s, err := in.js.Stream(ctx, want.Name)
	switch {
	case err == nil:
		in.compare(want.Name, streamDifferences(want, s.CachedInfo().Config))
	case errors.Is(err, jetstream.ErrStreamNotFound):
		in.make("stream "+want.Name, func() error { _, err := in.js.CreateStream(ctx, want); return err })
	default:
		in.err = fmt.Errorf("look at stream %s: %w", want.Name, stream.Explain(err))
	}
}

func (in *initializer) durable(ctx context.Context, of string, want jetstream.ConsumerConfig) {
	if in.err != nil {
		return
	}
	c, err := in.js.Consumer(ctx, of, want.Durable)
	switch {
	case err == nil:
		in.compare(of+" > "+want.Durable, durableDifferences(want, c.CachedInfo().Config))
	case errors.Is(err, jetstream.ErrConsumerNotFound), errors.Is(err, jetstream.ErrStreamNotFound) && in.dryRun:
		in.make("durable "+want.Durable, func() error { _, err := in.js.CreateConsumer(ctx, of, want); return err })
	default:
		in.err = fmt.Errorf("look at durable %s: %w", want.Durable, stream.Explain(err))
	}
}

func (in *initializer) bucket(ctx context.Context, want jetstream.KeyValueConfig) {
	if in.err != nil {
		return
	}
	kv, err := in.js.KeyValue(ctx, want.Bucket)
	switch {
	case err == nil:
		status, err := kv.Status(ctx)
		if err != nil {
			in.err = fmt.Errorf("look at bucket %s: %w", want.Bucket, stream.Explain(err))
			return
		}
		in.compare(want.Bucket, bucketDifferences(want, status))
	case errors.Is(err, jetstream.ErrBucketNotFound):
		in.make("bucket "+want.Bucket, func() error { _, err := in.js.CreateKeyValue(ctx, want); return err })
	default:
		in.err = fmt.Errorf("look at bucket %s: %w", want.Bucket, stream.Explain(err))
	}
}

func (in *initializer) make(what string, create func() error) {
	if !in.dryRun {
		if err := create(); err != nil {
			in.err = fmt.Errorf("create %s: %w", what, stream.Explain(err))
			return
		}
	}
	in.made = append(in.made, what)
}

func (in *initializer) compare(what string, differences []string) {
	for _, d := range differences {
		in.differences = append(in.differences, what+" has "+d)
	}
}

// differ returns "name got, not want" unless they are equal.
func differ[T comparable](list []string, name string, got, want T) []string {
	if got == want {
		return list
	}
	return append(list, fmt.Sprintf("%s %v, not %v", name, got, want))
}

// unlimited folds the two ways to write no limit into one.
func unlimited[T int | int32 | int64](x T) T {
	if x <= 0 {
		return -1
	}
	return x
}

func streamDifferences(want, got jetstream.StreamConfig) (list []string) {
	list = differ(list, "subjects", strings.Join(slices.Sorted(slices.Values(got.Subjects)), ","), strings.Join(slices.Sorted(slices.Values(want.Subjects)), ","))
	list = differ(list, "retention", got.Retention, want.Retention)
	list = differ(list, "storage", got.Storage, want.Storage)
	list = differ(list, "replicas", got.Replicas, want.Replicas)
	list = differ(list, "max messages", unlimited(got.MaxMsgs), unlimited(want.MaxMsgs))
	list = differ(list, "max bytes", unlimited(got.MaxBytes), unlimited(want.MaxBytes))
	list = differ(list, "max message size", unlimited(got.MaxMsgSize), unlimited(want.MaxMsgSize))
	list = differ(list, "max messages per subject", unlimited(got.MaxMsgsPerSubject), unlimited(want.MaxMsgsPerSubject))
	list = differ(list, "max age", got.MaxAge, want.MaxAge)
	list = differ(list, "discard", got.Discard, want.Discard)
	list = differ(list, "discard new per subject", got.DiscardNewPerSubject, want.DiscardNewPerSubject)
	list = differ(list, "direct get", got.AllowDirect, want.AllowDirect)
	list = differ(list, "atomic publish", got.AllowAtomicPublish, want.AllowAtomicPublish)
	return list
}

func durableDifferences(want, got jetstream.ConsumerConfig) (list []string) {
	list = differ(list, "filter", got.FilterSubject, want.FilterSubject)
	list = differ(list, "ack policy", got.AckPolicy, want.AckPolicy)
	list = differ(list, "ack wait", got.AckWait, want.AckWait)
	list = differ(list, "max deliver", got.MaxDeliver, want.MaxDeliver)
	list = differ(list, "max ack pending", got.MaxAckPending, want.MaxAckPending)
	list = differ(list, "max waiting", got.MaxWaiting, want.MaxWaiting)
	list = differ(list, "max request batch", got.MaxRequestBatch, want.MaxRequestBatch)
	list = differ(list, "backoff steps", len(got.BackOff), len(want.BackOff))
	return list
}

func bucketDifferences(want jetstream.KeyValueConfig, got jetstream.KeyValueStatus) (list []string) {
	c := got.Config()
	list = differ(list, "history", c.History, want.History)
	list = differ(list, "replicas", c.Replicas, max(1, want.Replicas))
	list = differ(list, "storage", c.Storage, want.Storage)
	list = differ(list, "time to live", c.TTL, want.TTL)
	list = differ(list, "limit marker time to live", got.LimitMarkerTTL(), want.LimitMarkerTTL)
	return list
}

// AckWait returns the durables' ack wait: how long a silent worker keeps its task.
func (f *Fleet) AckWait(ctx context.Context) (time.Duration, error) {
	c, err := f.link.JS.Consumer(ctx, schema.StreamTasks, schema.Durable(task.ClassNorm))
	if err != nil {
		return 0, fmt.Errorf("look at durable %s: %w", schema.Durable(task.ClassNorm), stream.Explain(err))
	}
	return c.CachedInfo().Config.AckWait, nil
}
