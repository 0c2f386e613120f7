package worker

import (
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A payload is an encoded message about a part of a delivery's range.
type payload struct {
	r    task.Range
	data []byte
}

// An outcome is a verdict and everything that is to be stored before the delivery is settled. The payloads are
// encoded when they are added: a result then takes the bytes of its message, and not the many times larger
// answers with their memory, for as long as the server is away.
type outcome struct {
	verdict     attempt.Verdict
	results     []payload // task.Result
	failures    []payload // task.Failure of isolated numbers
	hopeless    []payload // task.Failure of hopeless numbers among several: dead letters
	returns     []payload // task.Return
	letter      []byte    // task.Failure of the whole range: failure record or dead letter
	err         error     // the error in letter, or in the last of failures
	numbers     int       // answered
	sieveFailed bool      // it is a task of a part that has failed
	cpu         time.Duration
	took        time.Duration // wall-clock time of the computation
	one         [1]payload    // backs results in the usual case
	partial     *partial      // a result of finished numbers that is being stored already; nil = none
	asked       []nat.Nat     // the numbers of the only result, if its answers are complete; else nil: see join.go
}

// maxResult is the most bytes of an encoded result; the stream accepts 896 KiB. The answer for a single number
// is below it: package kind bounds certificates, and task.MaxBits bounds factors.
const maxResult = 768 << 10

// answer adds the result of range r, whose numbers are those of the task, in as many pieces as it takes.
func (o *outcome) answer(r task.Range, numbers []nat.Nat, result task.Result) {
	o.numbers += len(result.Items)
	for i := range result.Items {
		o.cpu += result.Items[i].CPU
	}
	o.encode(r, numbers, result)
}

// encode adds one piece, or the pieces of both halves if it is too long. Each piece gets its share of Elapsed. Began and
// Ended stay those of the whole.
func (o *outcome) encode(r task.Range, numbers []nat.Nat, result task.Result) {
	result.Asked = task.HashNumbers(numbers)
	data := result.Encode()
	if len(data) > maxResult && r.Count > 1 {
		left, right := result, result
		half := r.Count / 2
		left.Items, right.Items = result.Items[:half], result.Items[half:]
		left.Elapsed = result.Elapsed / time.Duration(r.Count) * time.Duration(half)
		right.Elapsed = result.Elapsed - left.Elapsed
		right.ChunkBefore += uint32(half)
		o.encode(task.Range{First: r.First, Count: half}, numbers[:half], left)
		o.encode(task.Span(r.First+half, r.End()), numbers[half:], right)
		return
	}
	if o.results == nil {
		o.results = o.one[:0]
	}
	o.results = append(o.results, payload{r, data})
}

// add executes a decision about a part of the range whole, in which no number has failed. What is
// decided about the whole range replaces what was computed before.
func (o *outcome) add(p attempt.Part, whole task.Range, detail string) {
	if p.Range == whole {
		o.reset()
	}
	if p.Action == attempt.Drop {
		o.drop()
		return
	}
	o.handBack(p.Range, asReturn(p.Decision, detail))
}

// addFailed executes a decision about the number that has failed with err; record is its failure record.
// A number that failed alone has no return: its delivery is nak'ed or terminated. A hopeless one has a dead letter
// instead. whole is the range of the delivery.
func (o *outcome) addFailed(p attempt.Part, whole task.Range, record []byte, err error) {
	switch {
	case p.Action == attempt.Fail:
		o.fail(record, err)
		return
	case p.Action == attempt.FailForGood && p.Range == whole:
		o.fail(record, err)
		o.verdict = attempt.Hopeless
		return
	case p.Action == attempt.FailForGood:
		o.hopeless, o.err = append(o.hopeless, payload{p.Range, record}), err
		return
	}
	why := asReturn(p.Decision, err.Error())
	o.failures = append(o.failures, payload{p.Range, record})
	o.returns = append(o.returns, payload{p.Range, why.Encode()})
	o.err = err
}

// handBack returns range r, a part of the delivery or all of it.
func (o *outcome) handBack(r task.Range, why task.Return) {
	o.verdict = attempt.HandedBack
	o.returns = append(o.returns, payload{r, why.Encode()})
}

// fail ends a delivery of one number.
func (o *outcome) fail(letter []byte, err error) {
	o.verdict, o.letter, o.err = attempt.Failed, letter, err
}

// reject ends a delivery that could not be decoded.
func (o *outcome) reject(letter []byte, err error) {
	o.verdict, o.letter, o.err = attempt.Rejected, letter, err
}

// drop removes everything: a cancelled job needs neither results nor records.
func (o *outcome) drop() {
	o.reset()
	o.verdict = attempt.Dropped
}

// failure encodes why numbers of d failed; t is nil if d could not be decoded.
func (w *Worker) failure(d *Delivery, t *task.Task, numbers []nat.Nat, err error, elapsed time.Duration) []byte {
	f := task.Failure{
		Class: d.Class, Worker: w.config.Name, Version: w.config.Version, Instance: w.config.Instance, Attempt: uint32(min(d.Attempt, attempt.LastOf(d.Most))),
		Err: err.Error(), Elapsed: elapsed, Time: time.Now(), Numbers: numbers,
	}
	if t != nil {
		f.Kind, f.Budget, f.Certify = t.Kind, t.Budget, t.Certify
	}
	return f.Encode()
}
