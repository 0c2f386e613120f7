package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"sync"

	"github.com/contribsys/faktory/client"
	worker "github.com/contribsys/faktory_worker_go"
)

// faktoryConcurrency is the number of jobs that the worker has at a time, the default of the library.
const faktoryConcurrency = 20

// A faktoryQueue has no store of results: the worker writes them to its standard output, which the client reads.
type faktoryQueue struct {
	client  *client.Client
	reports *json.Decoder
}

// A report is the result of a task.
type report struct {
	Index  int    `json:"index"`
	Result result `json:"result"`
}

func openFaktory(address string, reports io.Reader) (*faktoryQueue, error) {
	if err := os.Setenv("FAKTORY_URL", "tcp://"+address); err != nil { // the library reads it
		return nil, err
	}
	q := &faktoryQueue{}
	if reports == nil {
		return q, nil
	}
	q.reports = json.NewDecoder(bufio.NewReader(reports))
	var err error
	q.client, err = client.Open()
	return q, err
}

func (q *faktoryQueue) Work(ctx context.Context) error {
	var mu sync.Mutex // of out
	out := json.NewEncoder(os.Stdout)
	m := worker.NewManager()
	m.Concurrency = faktoryConcurrency
	m.Logger = &worker.StdLogger{Logger: log.New(os.Stderr, "", 0)} // standard output has the reports
	m.Register("task", func(_ context.Context, args ...any) error {
		var t task
		if err := json.Unmarshal([]byte(args[0].(string)), &t); err != nil {
			return err
		}
		done := report{t.Index, do(t)}
		mu.Lock()
		defer mu.Unlock()
		return out.Encode(done)
	})
	return m.RunWithContext(ctx)
}

func (q *faktoryQueue) Run(_ context.Context, tasks []task) ([]result, error) {
	results, collected := make([]result, len(tasks)), make(chan error, 1)
	go func() { collected <- q.collect(results) }()
	if err := q.push(tasks); err != nil {
		return nil, err
	}
	return results, <-collected
}

func (q *faktoryQueue) collect(results []result) error {
	for range results {
		var r report
		if err := q.reports.Decode(&r); err != nil {
			return fmt.Errorf("the worker's output: %w", err)
		}
		results[r.Index] = r.Result
	}
	return nil
}

// push queues the tasks, 1000 in one request.
func (q *faktoryQueue) push(tasks []task) error {
	for len(tasks) > 0 {
		batch := tasks[:min(len(tasks), 1000)]
		tasks = tasks[len(batch):]
		jobs := make([]*client.Job, len(batch))
		for i, t := range batch {
			encoded, err := json.Marshal(t)
			if err != nil {
				return err
			}
			jobs[i] = client.NewJob("task", string(encoded))
		}
		refused, err := q.client.PushBulk(jobs)
		if err != nil {
			return err
		}
		for id, reason := range refused {
			return fmt.Errorf("job %s of %d refused: %s", id, len(refused), reason)
		}
	}
	return nil
}

func (q *faktoryQueue) Forget(context.Context) error { return nil }
