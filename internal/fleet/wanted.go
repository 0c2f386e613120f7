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
	bucket   *jetstream.KeyValueConfig // nil if it is not made with the key-value interface
	expires  bool                      // heartbeats: to replace the stream loses nothing
}

// wantedStreams returns all of them, in the order in which they are made. The one that reserves space in the store is
// the first: if there is too little, nothing has been made.
func wantedStreams(p Provision) (list []wantedStream) {
	replicas := cmp.Or(p.Replicas, 1)
	for _, s := range schema.Streams(p.TaskBytes) {
		list = append(list, wantedStream{label: "stream " + s.Name, about: s.Name, config: streamConfig(s, replicas), settings: streamSettings})
	}
	slices.SortStableFunc(list, func(a, b wantedStream) int { return cmp.Compare(max(0, b.config.MaxBytes), max(0, a.config.MaxBytes)) })
	for _, b := range schema.Buckets() {
		w := wantedStream{label: "bucket " + b.Name, about: b.Name}
		if b.WorkersWrite {
			w.config, w.settings, w.expires = heartbeatsConfig(b, replicas), heartbeatsSettings, true
		} else {
			kv := bucketConfig(b, replicas)
			w.bucket, w.settings = &kv, bucketSettings
			w.config = jetstream.StreamConfig{
				Name: schema.BucketStream(b.Name), Subjects: []string{schema.KeyPrefix(b.Name) + ">"}, Replicas: replicas, Storage: kv.Storage,
				MaxMsgsPerSubject: int64(kv.History), MaxAge: kv.TTL, SubjectDeleteMarkerTTL: kv.LimitMarkerTTL, AllowMsgTTL: b.MessageTTL || kv.LimitMarkerTTL > 0,
			}
		}
		list = append(list, w)
	}
	return list
}

// create makes the stream.
func (w *wantedStream) create(ctx context.Context, js jetstream.JetStream) (err error) {
	if w.bucket == nil {
		_, err = js.CreateStream(ctx, w.config)
		return err
	}
	if _, err = js.CreateKeyValue(ctx, *w.bucket); err != nil || !w.config.AllowMsgTTL || w.bucket.LimitMarkerTTL > 0 {
		return err
	}
	// The key-value interface has no option for AllowMsgTTL alone.
	s, err := js.Stream(ctx, w.config.Name)
	if err != nil {
		return err
	}
	config := s.CachedInfo().Config
	config.AllowMsgTTL = true
	_, err = js.UpdateStream(ctx, config)
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
	stream string
	config jetstream.ConsumerConfig
}

func wantedDurables(p Provision) (list []wantedDurable) {
	for _, d := range schema.Durables(p.AckWait) {
		list = append(list, wantedDurable{d.Stream, consumerConfig(d)})
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
		for _, info := range s.Streams {
			if info != nil {
				p.Replicas = max(p.Replicas, info.Config.Replicas)
			}
		}
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

// remedy returns how to resolve a difference that Init does not: the command that changes it, and the one that keeps it.
// kind and name are those of the nats command: "stream NAME", "consumer STREAM NAME".
func (d difference) remedy(kind, name string) string {
	change := fmt.Sprintf("`nats %s edit %s %s -f`", kind, name, d.edit)
	switch {
	case d.edit == "":
		return fmt.Sprintf("remove it with `nats %s rm %s -f`, then run `producer init` again", kind, name)
	case d.keep != "":
		return "`producer init " + d.keep + "` keeps it, " + change + " changes it"
	}
	return change
}
