package fleet

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// limit returns the setting of a stream that is a number or a text, with its option of `nats stream edit`.
func limit(name, option string, value func(*jetstream.StreamConfig) string, copy func(to, from *jetstream.StreamConfig)) streamSetting {
	return streamSetting{name: name, value: value, edit: flag(option, value), copy: copy}
}

// fixed returns a setting of a stream that cannot be changed.
func fixed(name string, value func(*jetstream.StreamConfig) string) streamSetting {
	return streamSetting{name: name, value: value}
}

// permits returns a setting of a stream that is on or off.
func permits(name, option string, value func(*jetstream.StreamConfig) bool, copy func(to, from *jetstream.StreamConfig)) streamSetting {
	return streamSetting{
		name: name, copy: copy, edit: onOff(option, value),
		value: func(c *jetstream.StreamConfig) string { return strconv.FormatBool(value(c)) },
	}
}

var (
	replicasSetting = streamSetting{
		name:  "replicas",
		value: func(c *jetstream.StreamConfig) string { return strconv.Itoa(max(1, c.Replicas)) },
		edit:  func(c *jetstream.StreamConfig) string { return "--replicas=" + strconv.Itoa(max(1, c.Replicas)) },
		keep:  func(c *jetstream.StreamConfig) string { return "--replicas " + strconv.Itoa(c.Replicas) },
	}
	storageSetting     = fixed("storage", func(c *jetstream.StreamConfig) string { return c.Storage.String() })
	descriptionSetting = streamSetting{
		name: "description", value: func(c *jetstream.StreamConfig) string { return strconv.Quote(c.Description) },
		copy: func(to, from *jetstream.StreamConfig) { to.Description = from.Description },
	}
)

// streamSettings, durableSettings and bucketSettings are what is compared. They are read only.
var streamSettings = []streamSetting{
	descriptionSetting,
	limit("subjects", "subjects", func(c *jetstream.StreamConfig) string { return quoted(c.Subjects) },
		func(to, from *jetstream.StreamConfig) { to.Subjects = slices.Clone(from.Subjects) }),
	fixed("retention", func(c *jetstream.StreamConfig) string { return c.Retention.String() }),
	storageSetting,
	replicasSetting,
	limit("max messages", "max-msgs", func(c *jetstream.StreamConfig) string { return unlimited(c.MaxMsgs) },
		func(to, from *jetstream.StreamConfig) { to.MaxMsgs = from.MaxMsgs }),
	limit("max bytes", "max-bytes", func(c *jetstream.StreamConfig) string { return unlimited(c.MaxBytes) },
		func(to, from *jetstream.StreamConfig) { to.MaxBytes = from.MaxBytes }),
	limit("max message size", "max-msg-size", func(c *jetstream.StreamConfig) string { return unlimited(c.MaxMsgSize) },
		func(to, from *jetstream.StreamConfig) { to.MaxMsgSize = from.MaxMsgSize }),
	limit("max messages per subject", "max-msgs-per-subject", func(c *jetstream.StreamConfig) string { return unlimited(c.MaxMsgsPerSubject) },
		func(to, from *jetstream.StreamConfig) { to.MaxMsgsPerSubject = from.MaxMsgsPerSubject }),
	limit("max age", "max-age", func(c *jetstream.StreamConfig) string { return c.MaxAge.String() },
		func(to, from *jetstream.StreamConfig) { to.MaxAge = from.MaxAge }),
	{
		name: "discard", value: func(c *jetstream.StreamConfig) string { return c.Discard.String() },
		copy: func(to, from *jetstream.StreamConfig) { to.Discard = from.Discard },
		edit: func(c *jetstream.StreamConfig) string {
			return "--discard=" + strings.ToLower(strings.TrimPrefix(c.Discard.String(), "Discard"))
		},
	},
	permits("discard new per subject", "discard-per-subject", func(c *jetstream.StreamConfig) bool { return c.DiscardNewPerSubject },
		func(to, from *jetstream.StreamConfig) { to.DiscardNewPerSubject = from.DiscardNewPerSubject }),
	permits("direct get", "allow-direct", func(c *jetstream.StreamConfig) bool { return c.AllowDirect },
		func(to, from *jetstream.StreamConfig) { to.AllowDirect = from.AllowDirect }),
	permits("atomic publish", "allow-batch", func(c *jetstream.StreamConfig) bool { return c.AllowAtomicPublish },
		func(to, from *jetstream.StreamConfig) { to.AllowAtomicPublish = from.AllowAtomicPublish }),
}

// bucketSettings are those of the stream of a bucket.
var bucketSettings = []streamSetting{
	limit("history", "max-msgs-per-subject", func(c *jetstream.StreamConfig) string { return unlimited(c.MaxMsgsPerSubject) },
		func(to, from *jetstream.StreamConfig) { to.MaxMsgsPerSubject = from.MaxMsgsPerSubject }),
	replicasSetting,
	storageSetting,
	limit("time to live", "max-age", func(c *jetstream.StreamConfig) string { return c.MaxAge.String() },
		func(to, from *jetstream.StreamConfig) { to.MaxAge = from.MaxAge }),
	limit("limit marker time to live", "subject-del-markers-ttl", func(c *jetstream.StreamConfig) string { return c.SubjectDeleteMarkerTTL.String() },
		func(to, from *jetstream.StreamConfig) { to.SubjectDeleteMarkerTTL = from.SubjectDeleteMarkerTTL }),
	permits("time to live of messages", "allow-msg-ttl", func(c *jetstream.StreamConfig) bool { return c.AllowMsgTTL },
		func(to, from *jetstream.StreamConfig) { to.AllowMsgTTL = from.AllowMsgTTL }),
}

// heartbeatsSettings are those of the bucket to which workers write, besides streamSettings. The server cannot change them.
var heartbeatsSettings = append(slices.Clone(streamSettings),
	fixed("rollup", func(c *jetstream.StreamConfig) string { return strconv.FormatBool(c.AllowRollup) }),
	fixed("time to live of messages", func(c *jetstream.StreamConfig) string { return strconv.FormatBool(c.AllowMsgTTL) }))

var durableSettings = []durableSetting{
	{name: "description", value: func(c *jetstream.ConsumerConfig) string { return strconv.Quote(c.Description) },
		copy: func(to, from *jetstream.ConsumerConfig) { to.Description = from.Description }},
	editable("filter", "filter", func(c *jetstream.ConsumerConfig) string { return c.FilterSubject },
		func(to, from *jetstream.ConsumerConfig) { to.FilterSubject = from.FilterSubject }),
	{name: "ack policy", value: func(c *jetstream.ConsumerConfig) string { return c.AckPolicy.String() }},
	ackWaitSetting,
	editable("max deliver", "max-deliver", func(c *jetstream.ConsumerConfig) string { return unlimited(c.MaxDeliver) },
		func(to, from *jetstream.ConsumerConfig) { to.MaxDeliver = from.MaxDeliver }),
	editable("max ack pending", "max-pending", func(c *jetstream.ConsumerConfig) string { return unlimited(c.MaxAckPending) },
		func(to, from *jetstream.ConsumerConfig) { to.MaxAckPending = from.MaxAckPending }),
	{name: "max waiting", value: func(c *jetstream.ConsumerConfig) string { return strconv.Itoa(c.MaxWaiting) }},
	editable("max request batch", "max-pull-batch", func(c *jetstream.ConsumerConfig) string { return strconv.Itoa(c.MaxRequestBatch) },
		func(to, from *jetstream.ConsumerConfig) { to.MaxRequestBatch = from.MaxRequestBatch }),
	{name: "backoff steps", value: func(c *jetstream.ConsumerConfig) string { return strconv.Itoa(len(c.BackOff)) },
		edit: func(*jetstream.ConsumerConfig) string { return "--backoff=none" }},
}

var ackWaitSetting = durableSetting{
	name: "ack wait", value: func(c *jetstream.ConsumerConfig) string { return c.AckWait.String() },
	edit: func(c *jetstream.ConsumerConfig) string { return "--wait=" + c.AckWait.String() },
	keep: func(c *jetstream.ConsumerConfig) string { return "--ack-wait " + c.AckWait.String() },
}

// editable returns a setting of a durable that can be changed, with its option of `nats consumer edit`.
func editable(name, option string, value func(*jetstream.ConsumerConfig) string, copy func(to, from *jetstream.ConsumerConfig)) durableSetting {
	return durableSetting{name: name, value: value, edit: flag(option, value), copy: copy}
}
