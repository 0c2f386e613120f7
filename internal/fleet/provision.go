package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// Init creates the streams, durables and buckets that are missing, and returns a line for each that
// it created or, with DryRun, would create. It never changes what exists, except the bucket of heartbeats: if a
// setting differs, the error wraps ErrDiffers and lists all differences. Streams come first, because a durable
// needs its stream. If it fails, what was created before remains, and Init can be called again.
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
		if b.WorkersWrite {
			in.heartbeats(ctx, heartbeatsConfig(b, replicas))
		} else {
			in.bucket(ctx, bucketConfig(b, replicas))
		}
	}
	if in.err == nil && len(in.differences) > 0 {
		in.err = fmt.Errorf("%w: %s; set them alike, or remove the stream and run init again", ErrDiffers, strings.Join(in.differences, "; "))
	}
	in.replaceHeartbeats(ctx)
	return in.made, in.err
}

// Init can be repeated, and run by two processes at once: each thing is looked up before it is
// created, and the server refuses to create one twice with other settings.

// An initializer collects what Init did. After the first error its methods do nothing.
type initializer struct {
	js          jetstream.JetStream
	dryRun      bool
	made        []string
	differences []string
	outdated    *jetstream.StreamConfig // what replaces the bucket of heartbeats; nil if nothing has to
	err         error
}

// stream creates a stream, or compares the one that exists. So do durable and bucket.
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

// make creates something that is missing.
func (in *initializer) make(what string, create func() error) {
	if !in.dryRun {
		if err := create(); err != nil {
			in.err = fmt.Errorf("create %s: %w", what, stream.Explain(err))
			return
		}
	}
	in.made = append(in.made, what)
}

// compare collects what differs in something that exists.
func (in *initializer) compare(what string, differences []string) {
	for _, d := range differences {
		in.differences = append(in.differences, what+" has "+d)
	}
}
