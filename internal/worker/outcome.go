package worker

import (
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A verdict is what becomes of a delivery.
type verdict uint8

const (
	answered   verdict = iota // every number has its answer, or goes back isolated
	handedBack                // some or all of it goes back to the queue
	dropped                   // nobody wants it any more
	failed                    // its only number failed
	rejected                  // it is no task
)

// A part is something to be stored for a part of a delivery's range.
type part struct {
	r       task.Range
	payload []byte
}

// An outcome is a verdict and everything that is to be stored before the delivery
// is acked, nak'ed or terminated.
type outcome struct {
	verdict  verdict
	results  []part // task.Result
	failures []part // task.Failure of isolated numbers
	returns  []part // task.Return
	letter   []byte // task.Failure of all of it: failure record or dead letter
	err      error  // what letter or the last of failures says
	numbers  int    // answered
	cpu      time.Duration
	one      [1]part // backs results in the usual case
}

// maxResult is how long an encoded result may be; the stream takes 896 KiB.
const maxResult = 768 << 10

// answer adds the result of range r, in as many pieces as it takes.
func (o *outcome) answer(r task.Range, result task.Result) {
	o.numbers += len(result.Items)
	for i := range result.Items {
		o.cpu += result.Items[i].CPU
	}
	o.encode(r, result)
}

func (o *outcome) encode(r task.Range, result task.Result) {
	payload := result.Encode()
	if len(payload) > maxResult && r.Count > 1 {
		left, right := result, result
		half := r.Count / 2
		left.Items, right.Items = result.Items[:half], result.Items[half:]
		left.Elapsed = result.Elapsed / time.Duration(r.Count) * time.Duration(half)
		right.Elapsed = result.Elapsed - left.Elapsed
		o.encode(task.Range{First: r.First, Count: half}, left)
		o.encode(task.Span(r.First+half, r.End()), right)
		return
	}
	if o.results == nil {
		o.results = o.one[:0]
	}
	o.results = append(o.results, part{r, payload})
}

// handBack returns range r, what is left of the delivery or all of it.
func (o *outcome) handBack(r task.Range, why task.Return) {
	o.verdict = handedBack
	o.returns = append(o.returns, part{r, why.Encode()})
}

// handBackAll returns range r, all of the delivery, and forgets what was computed.
func (o *outcome) handBackAll(r task.Range, why task.Return) {
	*o = outcome{}
	o.handBack(r, why)
}

// isolate returns the one number of r by itself, with the record of its failure.
func (o *outcome) isolate(r task.Range, letter []byte, err error) {
	why := task.Return{Reason: task.Isolate, Detail: err.Error()}
	o.failures = append(o.failures, part{r, letter})
	o.returns = append(o.returns, part{r, why.Encode()})
	o.err = err
}

// fail is the end of a delivery of one number.
func (o *outcome) fail(letter []byte, err error) {
	o.verdict, o.letter, o.err = failed, letter, err
}

// reject is the end of what could not be decoded.
func (o *outcome) reject(letter []byte, err error) {
	o.verdict, o.letter, o.err = rejected, letter, err
}

// drop forgets everything.
func (o *outcome) drop() { *o = outcome{verdict: dropped} }

// failure encodes why numbers of d failed; t is nil if d could not be decoded.
func (w *Worker) failure(d *Delivery, t *task.Task, numbers []nat.Nat, err error, elapsed time.Duration) []byte {
	f := task.Failure{
		Class: d.Class, Worker: w.config.Name, Version: w.config.Version, Attempt: uint32(min(d.Attempt, d.MaxDeliver)),
		Err: err.Error(), Elapsed: elapsed, Time: time.Now(), Numbers: numbers,
	}
	if t != nil {
		f.Kind, f.Budget, f.Certify = t.Kind, t.Budget, t.Certify
	}
	return f.Encode()
}

// unsupported says so in the log, once for each of a few names: they come from
// outside, so their number is bounded. The class is left alone for a while.
func (w *Worker) unsupported(class task.Class, what, name string) task.Return {
	const most = 16
	why := task.Return{Reason: task.Unsupported, Detail: what + " " + name + " is not known here"}
	key := what + " " + name
	w.source.Shun(class)
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.warned[key] && len(w.warned) < most {
		w.warned[key] = true
		w.config.Log.Warn().Str(what, name).Msg("cannot do such tasks, handing them back; is this program too old?")
	}
	return why
}
