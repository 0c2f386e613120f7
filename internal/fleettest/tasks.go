package fleettest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// Numbers returns first, first+1, ..., first+count-1.
func Numbers(first, count int) []nat.Nat {
	list := make([]nat.Nat, count)
	for i := range list {
		list[i] = nat.New(uint64(first + i))
	}
	return list
}

// Single returns the range of one position.
func Single(position int) task.Range { return task.Range{First: uint64(position), Count: 1} }

// Message returns a message with the header of this program's messages.
func Message(subject string, payload []byte) *nats.Msg {
	return &nats.Msg{Subject: subject, Header: schema.Header(), Data: payload}
}

// Put publishes a message and returns its sequence in the stream.
func Put(t testing.TB, js jetstream.JetStream, subject string, payload []byte) uint64 {
	t.Helper()
	ack, err := js.PublishMsg(t.Context(), Message(subject, payload))
	if err != nil {
		t.Fatalf("%s: %v", subject, err)
	}
	return ack.Sequence
}

// PutTask queues the task of a range, whose numbers are the positions. It returns the task's sequence.
func PutTask(t testing.TB, js jetstream.JetStream, j *task.Job, r task.Range) uint64 {
	t.Helper()
	content := task.Task{Kind: j.Kind, Numbers: Numbers(int(r.First), int(r.Count))}
	return Put(t, js, schema.TaskSubject(task.Address{Class: j.Queue(), Job: j.ID, Range: r, Round: task.FirstRound}), content.Encode())
}

// Subjects returns the subjects of a stream that match the filter, sorted.
func Subjects(t testing.TB, js jetstream.JetStream, stream, filter string) []string {
	t.Helper()
	s, err := js.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	info, err := s.Info(t.Context(), jetstream.WithSubjectFilter(filter))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for subject := range info.State.Subjects {
		list = append(list, subject)
	}
	slices.Sort(list)
	return list
}

// Ranges returns the ranges of a job's tasks in ascending order, as text separated by spaces.
func Ranges(t testing.TB, js jetstream.JetStream, job string) string {
	t.Helper()
	var places []schema.Place
	for _, subject := range Subjects(t, js, schema.StreamTasks, schema.TasksPrefix+"*."+job+".*.*") {
		if p, err := schema.ParseSubject(subject); err == nil {
			places = append(places, p)
		}
	}
	slices.SortFunc(places, func(a, b schema.Place) int { return int(a.Range.First) - int(b.Range.First) })
	var text []string
	for _, p := range places {
		text = append(text, p.Range.String())
	}
	return strings.Join(text, " ")
}

// A puller is the part of worker.Source that pulls.
type puller interface {
	Pull(context.Context, int, func(*worker.Delivery)) error
}

// pullTime is how long Pull waits for a first task.
const pullTime = 500 * time.Millisecond

// Pull pulls once, and waits for pullTime if there is no task. It returns the deliveries, and each as the text
// "class job range attempt".
func Pull(t testing.TB, p puller, n int) (text []string, deliveries []*worker.Delivery) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), pullTime)
	defer cancel()
	err := p.Pull(ctx, n, func(d *worker.Delivery) {
		deliveries = append(deliveries, d)
		text = append(text, fmt.Sprintf("%s %s %v %d", d.Class, d.Job, d.Range, d.Attempt))
	})
	if err != nil {
		t.Fatal(err)
	}
	return text, deliveries
}

// Ack acks all deliveries.
func Ack(t testing.TB, deliveries []*worker.Delivery) {
	t.Helper()
	for _, d := range deliveries {
		if err := d.Handle.Ack(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// Offers returns what a worker with these kinds offers: the commands of the kinds exec:NAME, sorted.
func Offers(kinds map[string]worker.Kind) (offers []string) {
	for kind := range kinds {
		if name, ok := task.ExecName(kind); ok {
			offers = append(offers, task.ExecOffer(name))
		}
	}
	slices.Sort(offers)
	return offers
}
