package fleet

import "errors"

var (
	// ErrDiffers is returned when a stream or durable exists with other settings, or an id with other input.
	ErrDiffers = errors.New("conflict")
	// ErrNoJob is returned when a job does not exist.
	ErrNoJob = errors.New("no such job")
	// ErrInputLost is wrapped when numbers of a job, which were stored, are gone.
	ErrInputLost = errors.New("the server has lost input")

	errCaughtUp  = errors.New("caught up")
	errLeaseLost = errors.New("the lease was lost")
	// errVoid is wrapped by what makes a message meaningless: it is dropped.
	errVoid = errors.New("void")
)
