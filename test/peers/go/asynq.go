package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/hibiken/asynq"
)

// asynqConcurrency is the number of tasks that the worker has at a time. Each waits for Redis most of its time, so that
// more than the number of processors are faster.
const asynqConcurrency = 32

type asynqQueue struct {
	redis     asynq.RedisClientOpt
	client    *asynq.Client
	inspector *asynq.Inspector
}

func openAsynq(address string) *asynqQueue {
	redis := asynq.RedisClientOpt{Addr: address, PoolSize: asynqConcurrency + 8}
	return &asynqQueue{redis: redis, client: asynq.NewClient(redis), inspector: asynq.NewInspector(redis)}
}

func (q *asynqQueue) Work(ctx context.Context) error {
	server := asynq.NewServer(q.redis, asynq.Config{
		Concurrency:       asynqConcurrency,
		TaskCheckInterval: 5 * time.Millisecond, // by default an idle worker looks once a second
		LogLevel:          asynq.ErrorLevel,
	})
	if err := server.Start(asynq.HandlerFunc(func(_ context.Context, t *asynq.Task) error {
		done, err := doBytes(t.Payload())
		if err != nil {
			return err
		}
		_, err = t.ResultWriter().Write(done)
		return err
	})); err != nil {
		return err
	}
	<-ctx.Done()
	server.Shutdown()
	return nil
}

func (q *asynqQueue) Run(_ context.Context, tasks []task) ([]result, error) {
	err := inParallel(8, tasks, func(t task) error {
		payload, err := json.Marshal(t)
		if err != nil {
			return err
		}
		_, err = q.client.Enqueue(asynq.NewTask("task", payload), asynq.TaskID(strconv.Itoa(t.Index)), asynq.Retention(time.Hour))
		return err
	})
	if err != nil {
		return nil, err
	}
	for {
		info, err := q.inspector.GetQueueInfo("default")
		if err != nil {
			return nil, err
		}
		if info.Completed == len(tasks) {
			return q.results(len(tasks))
		}
		if info.Retry+info.Archived > 0 {
			return nil, fmt.Errorf("%d tasks failed", info.Retry+info.Archived)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (q *asynqQueue) results(count int) ([]result, error) {
	results := make([]result, count)
	for page := 1; count > 0; page++ {
		completed, err := q.inspector.ListCompletedTasks("default", asynq.PageSize(1000), asynq.Page(page))
		if err != nil {
			return nil, err
		}
		if len(completed) == 0 {
			return nil, fmt.Errorf("%d results are missing", count)
		}
		for _, t := range completed {
			index, err := strconv.Atoi(t.ID)
			if err != nil {
				return nil, err
			}
			if err := json.Unmarshal(t.Result, &results[index]); err != nil {
				return nil, err
			}
		}
		count -= len(completed)
	}
	return results, nil
}

func (q *asynqQueue) Forget(context.Context) error {
	_, err := q.inspector.DeleteAllCompletedTasks("default")
	return err
}
