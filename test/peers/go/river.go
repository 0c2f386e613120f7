package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// riverJobs is the number of jobs that the worker has at a time: that of River's examples, and with a cooldown of 1 ms
// so many that the fetches are not the limit.
const riverJobs, riverFastJobs = 100, 2000

// A job is a task as River stores it.
type job struct {
	Task task `json:"task"`
}

func (job) Kind() string { return "task" }

type riverQueue struct {
	pool     *pgxpool.Pool
	client   *river.Client[pgx.Tx]
	cooldown time.Duration // between two fetches; 0 is River's default
}

func openRiver(ctx context.Context, url string, cooldown time.Duration) (*riverQueue, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, err
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return nil, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{})
	return &riverQueue{pool, client, cooldown}, err
}

func (q *riverQueue) Work(ctx context.Context) error {
	jobs, poll := riverJobs, time.Duration(0) // 0 is River's default
	if q.cooldown > 0 {
		jobs, poll = riverFastJobs, 10*time.Millisecond
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, j *river.Job[job]) error {
		return river.RecordOutput(ctx, do(j.Args.Task))
	}))
	client, err := river.NewClient(riverpgxv5.New(q.pool), &river.Config{
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: jobs}},
		Workers:           workers,
		FetchCooldown:     q.cooldown,
		FetchPollInterval: poll,
	})
	if err != nil {
		return err
	}
	if err := client.Start(ctx); err != nil {
		return err
	}
	<-client.Stopped()
	return nil
}

func (q *riverQueue) Run(ctx context.Context, tasks []task) ([]result, error) {
	jobs := make([]river.InsertManyParams, len(tasks))
	for i, t := range tasks {
		jobs[i].Args = job{t}
	}
	if _, err := q.client.InsertManyFast(ctx, jobs); err != nil {
		return nil, err
	}
	for {
		var open bool
		if err := q.pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM river_job WHERE state IN ('available', 'running'))").Scan(&open); err != nil {
			return nil, err
		}
		if !open {
			return q.results(ctx, len(tasks))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (q *riverQueue) results(ctx context.Context, count int) ([]result, error) {
	rows, err := q.pool.Query(ctx, "SELECT (args->'task'->>'index')::int, metadata->'output' FROM river_job WHERE state = 'completed'")
	if err != nil {
		return nil, err
	}
	results := make([]result, count)
	var index int
	var output []byte
	_, err = pgx.ForEachRow(rows, []any{&index, &output}, func() error {
		return json.Unmarshal(output, &results[index])
	})
	return results, err
}

func (q *riverQueue) Forget(ctx context.Context) error {
	_, err := q.pool.Exec(ctx, "TRUNCATE river_job")
	return err
}
