package attempt

// A Verdict says how the work of a worker on a delivery has ended.
type Verdict uint8

const (
	Answered   Verdict = iota // each number has an answer, or failed and is returned alone
	HandedBack                // some numbers or all are returned
	Dropped                   // the job was cancelled, or the task is expendable and was not finished
	Sieved                    // the task is expendable; its yields are stored already
	Failed                    // its only number failed
	Hopeless                  // its only number failed, and the computation says that no attempt here can succeed
	Rejected                  // the message is not a task
)

var verdictNames = [...]string{
	Answered: "answered", HandedBack: "returned", Dropped: "dropped", Sieved: "sieved", Failed: "failed", Hopeless: "hopeless", Rejected: "rejected",
}

// String returns the verdict in one word, for log lines.
func (v Verdict) String() string { return verdictNames[v] }

// Computed reports whether a worker has computed the numbers of the delivery, with or without success: it was not
// returned, dropped or refused.
func (v Verdict) Computed() bool {
	return v == Answered || v == Sieved || v == Failed || v == Hopeless
}

// An Outcome is what the settling of a delivery depends on.
type Outcome struct {
	Verdict Verdict
	Attempt int  // as in Delivery
	Most    int  // as in Delivery
	Returns bool // Answered, HandedBack: some numbers are returned
	Lapsed  bool // the server has not heard of the delivery for AckWait
	Started bool // it is a last attempt that has started
}

// Superseded reports whether the delivery belongs to another worker by now. A last attempt that has
// started does not: the deliveries of its task are exhausted.
func (o Outcome) Superseded() bool { return o.Lapsed && !o.Started }

// An End is the last step of a delivery.
type End uint8

const (
	Ack   End = iota // remove the task from the queue
	Nak              // have the task redelivered after Backoff
	Term             // remove the task from the queue, as hopeless
	Leave            // nothing: the server redelivers the task
)

// A Settlement says what is stored, in the order of its fields, and how the delivery ends then. If a
// part cannot be stored the rest is not done: the server redelivers the task.
type Settlement struct {
	Results bool // the results
	Records bool // the failure records of isolated numbers, and the dead letters of hopeless ones among several
	Returns bool // the returns
	Record  bool // the failure record of the only number
	Letter  bool // the dead letter
	End     End
}

// Settle decides how a delivery is settled.
func Settle(o Outcome) Settlement {
	switch {
	case o.Verdict == Dropped || o.Verdict == Sieved:
		return Settlement{End: Ack}
	case o.Verdict == Rejected, o.Verdict == Hopeless, o.Verdict == Failed && o.Attempt >= FailuresOf(o.Most):
		return Settlement{Letter: true, End: Term}
	case o.Verdict == Failed && o.Superseded():
		return Settlement{Record: true, End: Leave}
	case o.Verdict == Failed:
		return Settlement{Record: true, End: Nak}
	case o.Returns && o.Superseded():
		return Settlement{Results: true, Records: true, End: Leave}
	}
	return Settlement{Results: true, Records: true, Returns: true, End: Ack}
}
