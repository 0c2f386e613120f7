package fleet

import "errors"

var (
	// ErrUnreadable is wrapped by the error for a manifest that this program has not written, or cannot read.
	ErrUnreadable = errors.New("unreadable manifest")

	// ErrDiffers is wrapped when a stream or durable exists with other settings, an id with other
	// input, or a job in another state. No retry can help; the user must decide.
	ErrDiffers = errors.New("conflict")
	// ErrNoJob is wrapped when a job does not exist.
	ErrNoJob = errors.New("no such job")
	// ErrInputLost is wrapped when numbers of a job were stored and are gone, for longer than an
	// election. Their user can store them again, by submitting the same input with the same id.
	ErrInputLost = errors.New("the server has lost input")

	errCaughtUp  = errors.New("caught up") // ends a follower that only reads what is stored
	errLeaseLost = errors.New("the lease was lost")
	// errVoid is wrapped when a message makes no sense: it is dropped, not retried.
	errVoid = errors.New("void")
	// errDropped is wrapped when a return is dropped, mostly with a complaint about its worker.
	errDropped = errors.New("dropped")
)
