package fleet

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
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

// recreate deletes the stream and creates it. Another process may do the same at the same time. The server removes the
// files of a deleted stream a little later; after two deletions shortly one after the other, the next stream of the
// name has the messages that were left (nats-server, fileStore.Delete). So it is purged.
func (w *wantedStream) recreate(ctx context.Context, js jetstream.JetStream) error {
	if err := js.DeleteStream(ctx, w.config.Name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return err
	}
	if err := w.create(ctx, js); err != nil {
		return err
	}
	s, err := js.Stream(ctx, w.config.Name)
	if err != nil {
		return err
	}
	return s.Purge(ctx)
}
