package observe

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// Bounds of the reading of the results of one job. A job of a million numbers of 60 digits has some 100 MB of results.
const (
	MaxSlowest   = 20
	resultsPace  = 8 << 20   // bytes a second
	resultsMost  = 256 << 20 // bytes; what comes later is not looked at
	shownDecimal = 60        // characters of a number
)

// A slowest knows the answers of a job that took the most CPU time, of those that were read. It is safe for concurrent use.
type slowest struct {
	below uint64 // positions of the job, as far as they are known: a worker may store results for others

	mu   sync.Mutex
	top  []SlowNumber // guarded by mu; the longest time first
	read uint64       // guarded by mu; answers
	err  error        // guarded by mu; why no more is read
}

// errMuch says that a job has too many results.
var errMuch = errors.New("the job has more results than are looked at")

// follow reads the results of a job until ctx ends, at a limited pace.
func (x *slowest) follow(ctx context.Context, fl *fleet.Fleet, job string) {
	total, began := 0, time.Now()
	err := fl.FollowResults(ctx, job, func(arrivals []collect.Arrival, _ uint64) error {
		for i := range arrivals {
			total += len(arrivals[i].Data)
			x.put(&arrivals[i])
		}
		if total > resultsMost {
			return errMuch
		}
		due := time.Duration(float64(total) / resultsPace * float64(time.Second))
		return stream.Sleep(ctx, due-time.Since(began))
	}, nil)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.err = err
}

// put looks at a result, which nobody has verified here. One that cannot be decoded, or does not fit its subject, is
// ignored: the holder of the job deals with it.
func (x *slowest) put(a *collect.Arrival) {
	r, err := task.DecodeResult(a.Data)
	if err != nil || uint64(len(r.Items)) != a.Range.Count || a.Range.End() > x.below {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.read += a.Range.Count
	for i := range r.Items {
		item := &r.Items[i]
		if len(x.top) == MaxSlowest && item.CPU <= x.top[MaxSlowest-1].CPU || item.CPU <= 0 {
			continue
		}
		x.insertLocked(SlowNumber{
			Position: a.Range.First + uint64(i), Method: task.OneLine(item.Method), CPU: item.CPU, Wall: item.Wall, Worker: a.Worker,
		})
	}
	r.Release()
}

// insertLocked puts a number into its place. A number of which two workers have an answer is listed once.
func (x *slowest) insertLocked(n SlowNumber) {
	if i := slices.IndexFunc(x.top, func(o SlowNumber) bool { return o.Position == n.Position }); i >= 0 {
		if x.top[i].CPU >= n.CPU {
			return
		}
		x.top = slices.Delete(x.top, i, i+1)
	}
	i, _ := slices.BinarySearchFunc(x.top, n, func(a, b SlowNumber) int {
		return cmp.Or(cmp.Compare(b.CPU, a.CPU), cmp.Compare(a.Position, b.Position))
	})
	x.top = slices.Insert(x.top, i, n)
	x.top = x.top[:min(len(x.top), MaxSlowest)]
}

// list returns the slowest numbers, and of how many answers they were chosen. It reads the numbers themselves from the input
// of the job, which in is; nil = the input cannot be read.
func (x *slowest) list(ctx context.Context, in *fleet.Inputs, kind string) (top []SlowNumber, read uint64) {
	x.mu.Lock()
	top, read = append([]SlowNumber{}, x.top...), x.read
	x.mu.Unlock()
	if in == nil {
		return top, read
	}
	for i := range top {
		if top[i].Number != "" {
			continue
		}
		numbers, err := in.Numbers(ctx, task.Range{First: top[i].Position, Count: 1})
		if err != nil {
			continue // a result for a number that is not stored, or the time is over
		}
		n := numbers[0]
		top[i].Number = task.Brief(kind, n)
		if !task.IsExec(kind) {
			text := n.String()
			top[i].Number, top[i].Digits = text[:min(len(text), shownDecimal)], len(text)
		}
		x.name(top[i])
	}
	return top, read
}

// failure returns why no more results are read; nil while they are followed.
func (x *slowest) failure() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.err
}

// name keeps the text of a number.
func (x *slowest) name(n SlowNumber) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := range x.top {
		if x.top[i].Position == n.Position {
			x.top[i].Number, x.top[i].Digits = n.Number, n.Digits
		}
	}
}
