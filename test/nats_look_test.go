package test

import (
	"errors"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// What a test that waits reads again and again: directly, because a program costs more than ten requests.

// entry returns the value of a key of a bucket; nil if there is none.
func (s *server) entry(bucket, key string) []byte {
	s.t.Helper()
	_, js := s.connect()
	kv, err := js.KeyValue(s.t.Context(), bucket)
	if err != nil {
		s.t.Fatal(err)
	}
	e, err := kv.Get(s.t.Context(), key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return e.Value()
}

// state returns the state of a job; "" if there is no such job.
func (s *server) state(id string) task.State {
	s.t.Helper()
	value := s.entry(schema.BucketJobs, id)
	if value == nil {
		return ""
	}
	j, err := task.DecodeJob(value)
	if err != nil {
		s.t.Fatal(err)
	}
	return j.State
}

// held reports whether a process has the lease of a job.
func (s *server) held(id string) bool {
	s.t.Helper()
	return s.entry(schema.BucketLeases, id) != nil
}

// covered returns how many numbers of a job the messages of a stream have whose subjects are FACTOR.<what>.<job>.<range>...
func (s *server) covered(stream, job string) int {
	s.t.Helper()
	var set task.Set
	for _, subject := range s.subjects(stream) {
		token := strings.Split(subject, ".")
		if r, err := task.ParseRange(token[3]); err == nil && token[2] == job {
			set.Add(r)
		}
	}
	return int(set.Len())
}
