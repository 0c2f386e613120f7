package fleet

import (
	"cmp"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
)

// Provision says how Init creates the streams. The zero value is that of a server alone.
type Provision struct {
	Replicas int           // 1, or 3 in a cluster; 0 = 1
	AckWait  time.Duration // how long a worker that has fallen silent keeps its task; 0 = 30 s
	DryRun   bool          // report what Init would do, and do nothing

	// Adopt: settings that are 0 are those of the streams and durables that exist.
	Adopt bool
	// Restricted: do not look at the limits of the account and for streams of others, which a user of the account
	// may not be permitted to see.
	Restricted bool

	// Repaired: the server completes what is half-made in its store when it starts, as that of package natsserver does.
	Repaired bool

	// TaskBytes bounds FACTOR_TASKS; the server reserves as much of its store. 0 = 1 GiB, -1 = no
	// bound but the store.
	TaskBytes int64
}

// withDefaults returns p with the defaults of Init.
func (p Provision) withDefaults() Provision {
	p.Replicas, p.AckWait = cmp.Or(p.Replicas, 1), cmp.Or(p.AckWait, schema.DefaultAckWait)
	return p
}

// The settings below are package schema's in the words of the server. Why each has its value is said
// there; here is what the server makes of them.
//
// streamConfig returns the server's settings of a stream. Work queue: an ack removes the message. Once: the
// first message of a subject is kept and later ones are refused, which makes every publish harmless if it
// is done twice. Discard new: a full stream refuses messages, instead of dropping the oldest.
func streamConfig(s schema.Stream, replicas int) jetstream.StreamConfig {
	c := jetstream.StreamConfig{
		Name: s.Name, Description: s.Description, Subjects: s.Subjects,
		MaxMsgs: s.MaxMsgs, MaxBytes: s.MaxBytes, MaxMsgSize: s.MaxMsgSize,
		AllowDirect: s.DirectGet, AllowAtomicPublish: s.AtomicBatch,
		Storage: jetstream.FileStorage, Replicas: replicas,
	}
	if s.WorkQueue {
		c.Retention = jetstream.WorkQueuePolicy
	}
	if s.Once {
		c.MaxMsgsPerSubject = 1
		c.Discard = jetstream.DiscardNew
		c.DiscardNewPerSubject = true
	}
	if s.Latest {
		c.MaxMsgsPerSubject = 1
		c.Discard = jetstream.DiscardOld
	}
	return c
}

// consumerConfig returns the server's settings of a durable. It has no BackOff: a list of
// delays would take the place of AckWait (nats-server, consumer.go).
func consumerConfig(d schema.DurableConsumer) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:         d.Name,
		FilterSubject:   d.Filter,
		DeliverPolicy:   jetstream.DeliverAllPolicy,
		AckPolicy:       jetstream.AckExplicitPolicy,
		AckWait:         d.AckWait,
		MaxDeliver:      d.MaxDeliver,
		MaxAckPending:   d.MaxAckPending,
		MaxWaiting:      d.MaxWaiting,
		MaxRequestBatch: d.MaxRequestBatch,
	}
}

// bucketConfig returns the server's settings of a bucket, those of the client library's key-value interface. That
// interface cannot permit a time to live for single messages, as tombstones have, without markers of what has expired.
func bucketConfig(b schema.Bucket, replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: schema.BucketStream(b.Name), Description: b.Description, Subjects: []string{schema.KeyPrefix(b.Name) + ">"},
		MaxMsgsPerSubject: int64(b.History), MaxAge: b.TTL, MaxMsgSize: b.MaxValueSize,
		AllowMsgTTL: b.MessageTTL || b.MarkerTTL > 0, SubjectDeleteMarkerTTL: b.MarkerTTL,
		Discard: jetstream.DiscardNew, AllowRollup: true, DenyDelete: true, AllowDirect: true,
		Storage: jetstream.FileStorage, Replicas: replicas,
	}
}
