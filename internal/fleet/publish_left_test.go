package fleet

import (
	"testing"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestPublisherLeft: after a lost answer, the tasks that are still to be queued are those that are in no stream: a task
// that was answered, returned or given up has left the queue, and is not queued a second time.
func TestPublisherLeft(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 10)
	p := h.Publisher(j, nil, nil)
	if err := p.Publish(t.Context(), chunks(0, 6)); err != nil {
		t.Fatal(err)
	}
	if err := h.tasks.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.put(schema.ResultSubject("j", single(0), "w"), nil)
	h.put(schema.ReturnSubject("j", single(1), "0", "w"), nil)
	h.put(schema.DeadSubject("j", single(2), "w"), nil)
	if err := p.Publish(t.Context(), chunks(3, 1)); err != nil {
		t.Fatal(err)
	}
	var messages []*nats.Msg
	for i := range 6 {
		messages = append(messages, message(schema.TaskSubject(task.Address{
			Class: j.Class, Job: "j", Range: single(i), Round: task.FirstRound}), nil))
	}
	left, err := p.left(t.Context(), messages)
	if err != nil || len(left) != 2 || left[0] != messages[4] || left[1] != messages[5] {
		t.Errorf("%d tasks are left, %v, want the last two", len(left), err)
	}
}
