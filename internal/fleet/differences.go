package fleet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// What a stream, durable or bucket may differ in without harm, such as its description or its number
// of messages, is not compared. All else is: with another retention or another limit of messages for each
// subject, steps that are done twice would not be harmless any more. The server reports a setting that was
// left out with its default, which unlimited allows for.

// differ appends "name got, not want" to list unless got and want are equal.
func differ[T comparable](list []string, name string, got, want T) []string {
	if got == want {
		return list
	}
	return append(list, fmt.Sprintf("%s %v, not %v", name, got, want))
}

// unlimited returns -1 for both ways to write "no limit", 0 and -1, else x.
func unlimited[T int | int32 | int64](x T) T {
	if x <= 0 {
		return -1
	}
	return x
}

// streamDifferences returns what differs between a stream and its settings. The next two do the same for
// durables and buckets.
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
