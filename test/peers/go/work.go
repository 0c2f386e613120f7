package main

import (
	"encoding/json"
	"fmt"
	"sync"
)

// do returns the result of a task.
func do(t task) result {
	work := factor
	if t.Kind == "square" {
		work = func(n uint64) []uint64 { return []uint64{n * n} }
	}
	done := make(result, len(t.Numbers))
	for i, n := range t.Numbers {
		done[i] = work(n)
	}
	return done
}

// doBytes returns the result of a task as JSON, both encoded.
func doBytes(encoded []byte) ([]byte, error) {
	var t task
	if err := json.Unmarshal(encoded, &t); err != nil {
		return nil, err
	}
	return json.Marshal(do(t))
}

// factor returns the prime factors of n >= 1 by trial division with 2 and all odd numbers, as work.py does.
func factor(n uint64) (factors []uint64) {
	p := uint64(2)
	for n > 1 {
		switch {
		case p*p > n:
			return append(factors, n)
		case n%p == 0:
			factors = append(factors, p)
			n /= p
		case p == 2:
			p = 3
		default:
			p += 2
		}
	}
	return factors
}

// inParallel calls each for every task, from a number of goroutines, and returns one of the errors.
func inParallel(goroutines int, tasks []task, each func(task) error) error {
	var group sync.WaitGroup
	failed := make(chan error, goroutines)
	for first := range goroutines {
		group.Go(func() {
			for i := first; i < len(tasks); i += goroutines {
				if err := each(tasks[i]); err != nil {
					failed <- fmt.Errorf("task %d: %w", i, err)
					return
				}
			}
		})
	}
	group.Wait()
	close(failed)
	return <-failed
}
