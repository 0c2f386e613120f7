package coreutils

import (
	"context"
	"fmt"
	"io"
	"runtime"

	"factorfleet/internal/factor"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/verify"
)

const (
	// batchMost is how many numbers below 2^64 one solver gets at a time. They take up to some milliseconds.
	batchMost = 256
	// aheadMost is how many batches may be read ahead of the output, for each core.
	aheadMost = 16
)

// A batch is some numbers that one solver factors, or a message in their place.
type batch struct {
	numbers []nat.Nat // several below 2^64, or one
	invalid error     // the message; then there are no numbers
	answers []task.Factorization
	err     error         // why the answers must not be printed
	done    chan struct{} // closed when answers and err are set
}

// run prints the answers to all words of the source.
func run(words source, out *output) {
	cores := runtime.GOMAXPROCS(0)
	todo, inOrder := make(chan *batch), make(chan *batch, aheadMost*cores)
	stop := make(chan struct{}) // closed when no more answers are wanted
	failed := make(chan error, 1)
	go func() {
		r := &reader{todo: todo, inOrder: inOrder, stop: stop, pool: factor.NewPool(cores, 0)}
		failed <- r.read(words)
		close(todo)
		close(inOrder)
	}()
	if !out.all(inOrder) {
		close(stop) // the reader may wait for input for ever: nothing waits for it
		return
	}
	if err := <-failed; err != io.EOF {
		out.message("error reading input: " + reason(err))
	}
}

// A reader makes batches of words. Its goroutine owns all fields.
type reader struct {
	todo    chan *batch     // to the solvers
	inOrder chan<- *batch   // to the output
	stop    <-chan struct{} // see run
	pool    *factor.Pool    // of the solvers
	solvers int
	open    *batch // not complete yet; nil if there is none
	ended   bool   // stop is closed
}

// read sends batches until the input ends, and returns why it did. No number waits for further input.
func (r *reader) read(words source) error {
	for {
		err := words.next(r.word)
		r.send()
		if err != nil || r.ended {
			return err
		}
	}
}

// word takes one word.
func (r *reader) word(word []byte) {
	n, err := number(word)
	_, small := n.Word()
	if err != nil || !small {
		r.send()
	}
	switch {
	case err != nil:
		r.open = &batch{invalid: err}
	case r.open == nil:
		r.open = &batch{numbers: []nat.Nat{n}}
	default:
		r.open.numbers = append(r.open.numbers, n)
	}
	if err != nil || !small || len(r.open.numbers) == batchMost {
		r.send()
	}
}

// send hands the open batch over, first to the output and then to a solver. If all solvers are at work it starts
// one more, up to one for each core: a short input needs one only.
func (r *reader) send() {
	b := r.open
	if r.open = nil; b == nil || r.ended {
		return
	}
	b.done = make(chan struct{})
	select {
	case r.inOrder <- b:
	case <-r.stop:
		r.ended = true
		return
	}
	if b.invalid != nil {
		close(b.done)
		return
	}
	select {
	case r.todo <- b:
		return
	default:
	}
	if r.solvers < runtime.GOMAXPROCS(0) {
		r.solvers++
		go solve(r.todo, r.pool)
	}
	select {
	case r.todo <- b:
	case <-r.stop:
		r.ended = true
	}
}

// solve answers batches until there are no more. A solver without a batch lends its core to the others.
func solve(todo <-chan *batch, pool *factor.Pool) {
	engine := factor.New(factor.Options{Pool: pool})
	for b := range todo {
		pool.Enter()
		b.answer(engine)
		pool.Leave()
		close(b.done)
	}
}

// answer factors the numbers of a batch, and verifies the answers.
func (b *batch) answer(engine *factor.Engine) {
	ctx := context.Background()
	b.answers = make([]task.Factorization, 0, len(b.numbers))
	slab := make([]task.Factor, 0, 4*len(b.numbers)) // the memory of most answers
	b.err = engine.Batch(ctx, b.numbers, func(found []factor.Factor, _ string) {
		from := len(slab)
		for _, f := range found {
			slab = append(slab, task.Factor{P: f.P, Exp: f.Exp, Status: task.Status(f.Status)})
		}
		b.answers = append(b.answers, task.Factorization{Factors: slab[from:len(slab):len(slab)]})
	})
	if b.err == nil {
		b.err = verify.Result(ctx, task.KindFactor, b.numbers, &task.Result{Kind: task.KindFactor, Items: b.answers})
	}
	for i := range b.answers {
		if b.err == nil && b.answers[i].Unfinished() { // impossible without a budget
			b.err = fmt.Errorf("%s is not factored completely", b.numbers[i])
		}
	}
}
