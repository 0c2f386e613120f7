// Queues runs lists of tasks on the queues of Go: asynq, faktory, river and river-default.
//
//	queues SYSTEM ADDRESS        the client: lists on standard input, results on standard output
//	queues SYSTEM ADDRESS work   the worker, which the client starts as a process of its own
//
// ADDRESS is HOST:PORT, or the URL of a database for River. The client prints a line {"ready": true} at first. Then
// each line of its input is a list of tasks, and the line of output for it has the seconds from the first task that is
// queued to the last result, and the results.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// A task is one message: numbers to be squared or factored. Index is its place in its list.
type task struct {
	Index   int      `json:"index"`
	Kind    string   `json:"kind"`
	Numbers []uint64 `json:"numbers"`
}

// A result has the square or the prime factors of each number of a task.
type result [][]uint64

// A queue is a system with its server.
type queue interface {
	// Run queues the tasks and returns their results in the same order.
	Run(ctx context.Context, tasks []task) ([]result, error)
	// Forget removes what a list has left on the server.
	Forget(ctx context.Context) error
	// Work runs tasks until ctx ends.
	Work(ctx context.Context) error
}

// open returns a queue. reports has the standard output of the worker; it is nil in the worker itself.
func open(ctx context.Context, system, address string, reports io.Reader) (queue, error) {
	switch system {
	case "asynq":
		return openAsynq(address), nil
	case "faktory":
		return openFaktory(address, reports)
	case "river":
		return openRiver(ctx, address, time.Millisecond)
	case "river-default":
		return openRiver(ctx, address, 0)
	}
	return nil, fmt.Errorf("unknown system %q", system)
}

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 3 && args[2] == "work" {
		q, err := open(ctx, args[0], args[1], nil)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(ctx)
		go func() {
			io.Copy(io.Discard, os.Stdin) // until the client has ended
			cancel()
		}()
		return q.Work(ctx)
	}
	if len(args) != 2 {
		return fmt.Errorf("usage: queues SYSTEM ADDRESS [work]")
	}
	return serve(ctx, args[0], args[1])
}

// serve starts a worker and runs the lists on standard input.
func serve(ctx context.Context, system, address string) error {
	worker := exec.Command(os.Args[0], system, address, "work")
	worker.Stderr = os.Stderr
	in, err := worker.StdinPipe()
	if err != nil {
		return err
	}
	reports, err := worker.StdoutPipe()
	if err != nil {
		return err
	}
	q, err := open(ctx, system, address, reports)
	if err != nil {
		return err
	}
	if err := worker.Start(); err != nil {
		return err
	}
	err = serveLists(ctx, q)
	in.Close()
	worker.Wait()
	return err
}

func serveLists(ctx context.Context, q queue) error {
	in, out := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(os.Stdout)
	out.Encode(map[string]bool{"ready": true})
	for {
		var tasks []task
		if err := in.Decode(&tasks); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading tasks: %w", err)
		}
		began := time.Now()
		results, err := q.Run(ctx, tasks)
		if err != nil {
			return fmt.Errorf("running %d tasks: %w", len(tasks), err)
		}
		out.Encode(map[string]any{"seconds": time.Since(began).Seconds(), "results": results})
		if err := q.Forget(ctx); err != nil {
			return err
		}
	}
}
