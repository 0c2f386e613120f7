package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
)

// A wantedStream is one of the streams, or the stream of a bucket, as it should be.
type wantedStream struct {
	label    string // "stream FACTOR_TASKS", "bucket FACTOR_JOBS"
	about    string // begins a line about a setting
	config   jetstream.StreamConfig
	settings []streamSetting
	expires  bool // heartbeats: to replace the stream loses nothing
	repaired bool // see Provision
}

// wantedStreams returns all of them, in the order in which they are made. The one that reserves space in the store is
// the first: if there is too little, nothing has been made.
func wantedStreams(p Provision) (list []wantedStream) {
	replicas := cmp.Or(p.Replicas, 1)
	for _, s := range schema.Streams(p.TaskBytes) {
		list = append(list, wantedStream{label: "stream " + s.Name, about: s.Name, config: streamConfig(s, replicas), settings: streamSettings, repaired: p.Repaired})
	}
	slices.SortStableFunc(list, func(a, b wantedStream) int { return cmp.Compare(max(0, b.config.MaxBytes), max(0, a.config.MaxBytes)) })
	for _, b := range schema.Buckets() {
		w := wantedStream{label: "bucket " + b.Name, about: b.Name, config: bucketConfig(b, replicas), settings: bucketSettings, repaired: p.Repaired}
		if b.WorkersWrite {
			w.config, w.settings, w.expires = heartbeatsConfig(b, replicas), heartbeatsSettings, true
		}
		list = append(list, w)
	}
	return list
}

// create makes the stream.
//
// Its settings are sent once more, as an update. The reason: a server writes meta.inf, then meta.sum, and takes a
// stream without both for missing. If it was killed between the two, and the stream is created again, it finds a
// meta.inf and writes neither (nats-server 2.15.2, newFileStoreWithCreated): it would lose the stream at each restart.
// An update writes both. The same holds for a durable.
func (w *wantedStream) create(ctx context.Context, js jetstream.JetStream) error {
	s, err := js.CreateStream(ctx, w.config)
	if err != nil || w.repaired {
		return err
	}
	_, err = js.UpdateStream(ctx, s.CachedInfo().Config)
	return err
}

// differences returns what differs in the stream that exists. The bytes of FACTOR_TASKS are the operator's.
func (w *wantedStream) differences(info *jetstream.StreamInfo) []difference {
	want := w.config
	if want.Name == schema.StreamTasks {
		want.MaxBytes = info.Config.MaxBytes
	}
	return compare(want.Name, w.settings, &want, &info.Config)
}

// A wantedDurable is one of the durables as it should be.
type wantedDurable struct {
	stream   string
	config   jetstream.ConsumerConfig
	repaired bool // see Provision
}

// create makes the durable; see wantedStream.create.
func (w *wantedDurable) create(ctx context.Context, js jetstream.JetStream) error {
	c, err := js.CreateConsumer(ctx, w.stream, w.config)
	if err != nil || w.repaired {
		return err
	}
	_, err = js.UpdateConsumer(ctx, w.stream, c.CachedInfo().Config)
	return err
}

// wantedDurables returns those that every fleet has, and those of the routes that s has.
func wantedDurables(s Snapshot, p Provision) (list []wantedDurable) {
	for _, d := range append(schema.Durables(p.AckWait), s.routes(p.AckWait)...) {
		list = append(list, wantedDurable{d.Stream, consumerConfig(d), p.Repaired})
	}
	return list
}

// differences returns what differs in the durable that exists.
func (w *wantedDurable) differences(info *jetstream.ConsumerInfo) []difference {
	return compare(w.config.Durable, durableSettings, &w.config, &info.Config)
}

// adopt returns p with the settings that users choose as they are on the server, as far as p leaves them open.
func (p Provision) adopt(s Snapshot) Provision {
	if p.Replicas == 0 {
		p.Replicas = s.Replicas()
	}
	if p.AckWait == 0 {
		for _, d := range schema.Durables(0) {
			if info := s.Durables[d.Name]; info != nil && d.Stream == schema.StreamTasks {
				p.AckWait = info.Config.AckWait
			}
		}
	}
	return p
}

// remedy returns the command that resolves a difference which Init does not resolve. kind and name are those of the nats
// command: "stream NAME", "consumer STREAM NAME".
func (d difference) remedy(kind, name string) string {
	switch {
	case d.edit == "" && kind == "stream":
		return fmt.Sprintf("remove it and its messages with `nats stream rm %s -f`, then run `producer init` again", name)
	case d.edit == "":
		return fmt.Sprintf("remove it with `nats %s rm %s -f`, then run `producer init` again", kind, name)
	}
	return fmt.Sprintf("`nats %s edit %s %s -f`", kind, name, d.edit)
}
