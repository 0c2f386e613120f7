package fleet

import (
	"context"
	"testing"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestAnsweredTwice: an item of a job with replicas counts as answered only if two workers have a result for it.
func TestAnsweredTwice(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j := &task.Job{ID: "j", Replicas: 2, State: task.Sealed, Count: 20}
	answer := func(first, end uint64, worker string) {
		h.put(schema.ResultSubject("j", task.Span(first, end), worker), []byte("a result"))
	}
	check := func(want AnswerCount) {
		t.Helper()
		got, err := h.CountAnswered(t.Context(), j, &Backlog{}, 20, 0)
		if err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
	}
	answer(0, 10, "v")
	answer(4, 6, "v")
	check(AnswerCount{AtMost: true})
	answer(5, 12, "w")
	answer(8, 9, "x")
	check(AnswerCount{Numbers: 5, AtMost: true})

	defer h.ShowAnswered("j", func() uint64 { return 4 })() // the holder has verified three
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	held := make(chan struct{})
	go func() {
		_ = h.Hold(ctx, "j", "p", func(ctx context.Context) error { close(held); <-ctx.Done(); return nil })
	}()
	<-held
	await(t, "the holder says it", func() bool {
		got, err := h.CountAnswered(t.Context(), j, &Backlog{}, 20, 0)
		return err == nil && got == AnswerCount{Numbers: 3}
	})
}
