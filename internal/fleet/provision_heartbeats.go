package fleet

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// The first releases made the bucket of heartbeats with the client library, which permits rollup, and with times
// to live for single messages. So one worker could remove the heartbeats of all others, or leave heartbeats that
// never expire. The server cannot take back the permission of times to live. The bucket is therefore deleted and
// created again: heartbeats live for schema.WorkerTTL only, and workers send them again.

// replacedHeartbeats is the line of Init about that.
const replacedHeartbeats = "bucket " + schema.BucketWorkers +
	" again: with its old settings a worker could remove the heartbeats of others; the workers fill it again"

// heartbeatsConfig returns the server's settings of a bucket to which workers write.
func heartbeatsConfig(b schema.Bucket, replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: schema.BucketStream(b.Name), Description: b.Description, Subjects: []string{schema.KeyPrefix(b.Name) + ">"},
		MaxMsgs: b.MaxKeys, MaxMsgsPerSubject: int64(b.History), MaxAge: b.TTL, MaxMsgSize: b.MaxValueSize, Duplicates: b.TTL,
		Discard: jetstream.DiscardOld, DenyDelete: true, AllowDirect: true,
		Storage: jetstream.FileStorage, Replicas: replicas,
	}
}

// heartbeatsDifferences returns what differs between the bucket of heartbeats and its settings.
func heartbeatsDifferences(want, got jetstream.StreamConfig) []string {
	list := streamDifferences(want, got)
	list = differ(list, "rollup", got.AllowRollup, want.AllowRollup)
	return differ(list, "time to live of messages", got.AllowMsgTTL, want.AllowMsgTTL)
}

// heartbeats creates the bucket of heartbeats, or remembers that it has to be replaced.
func (in *initializer) heartbeats(ctx context.Context, want jetstream.StreamConfig) {
	if in.err != nil {
		return
	}
	s, err := in.js.Stream(ctx, want.Name)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		in.make("bucket "+schema.BucketWorkers, func() error { _, err := in.js.CreateStream(ctx, want); return err })
	case err != nil:
		in.err = fmt.Errorf("look at bucket %s: %w", schema.BucketWorkers, stream.Explain(err))
	default:
		if len(heartbeatsDifferences(want, s.CachedInfo().Config)) > 0 {
			in.outdated = &want
		}
	}
}

// replaceHeartbeats replaces the bucket if it is outdated, unless something else differs: then the settings of this
// call may be a mistake of the user.
func (in *initializer) replaceHeartbeats(ctx context.Context) {
	if in.err == nil && in.outdated != nil {
		in.make(replacedHeartbeats, func() error { return recreate(ctx, in.js, *in.outdated) })
	}
}

// recreate deletes a stream and creates it. Another process may do the same at the same time. The server removes the
// files of a deleted stream a little later; after two deletions shortly one after the other, the next stream of the
// name has the messages that were left (nats-server, fileStore.Delete). So it is purged.
func recreate(ctx context.Context, js jetstream.JetStream, want jetstream.StreamConfig) error {
	if err := js.DeleteStream(ctx, want.Name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return err
	}
	s, err := js.CreateStream(ctx, want)
	if err != nil {
		return err
	}
	return s.Purge(ctx)
}

// OutdatedHeartbeats reports whether the bucket of heartbeats has the settings of an earlier release, with which a
// worker can remove the heartbeats of others. ReplaceHeartbeats or Init replaces it.
func (f *Fleet) OutdatedHeartbeats(ctx context.Context) (bool, error) {
	want, err := f.wantHeartbeats(ctx)
	return want != nil, err
}

// ReplaceHeartbeats replaces the bucket of heartbeats if it is outdated, and returns a line as Init does. It needs
// the permissions of an admin.
func (f *Fleet) ReplaceHeartbeats(ctx context.Context) (made []string, err error) {
	want, err := f.wantHeartbeats(ctx)
	if err != nil || want == nil {
		return nil, err
	}
	if err := recreate(ctx, f.link.JS, *want); err != nil {
		return nil, fmt.Errorf("create bucket %s again: %w", schema.BucketWorkers, stream.Explain(err))
	}
	return []string{replacedHeartbeats}, nil
}

// wantHeartbeats returns the settings that the bucket should have, with as many replicas as it has; nil if it has
// them.
func (f *Fleet) wantHeartbeats(ctx context.Context) (*jetstream.StreamConfig, error) {
	s, err := f.link.JS.Stream(ctx, schema.BucketStream(schema.BucketWorkers))
	if err != nil {
		return nil, fmt.Errorf("look at bucket %s: %w", schema.BucketWorkers, stream.Explain(err))
	}
	got := s.CachedInfo().Config
	for _, b := range schema.Buckets() {
		want := heartbeatsConfig(b, got.Replicas)
		if b.WorkersWrite && len(heartbeatsDifferences(want, got)) > 0 {
			return &want, nil
		}
	}
	return nil, nil
}
