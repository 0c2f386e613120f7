package identity

import "errors"

var (
	// ErrNoKeys is wrapped if a directory has no keys.
	ErrNoKeys = errors.New("no keys")
	// ErrExposed is wrapped if other users of the machine can read a key, or replace one.
	ErrExposed = errors.New("open to other users")
	// ErrUnknown is wrapped if no identity has the name.
	ErrUnknown = errors.New("no such identity")
	// ErrTaken is wrapped if another identity has the name already.
	ErrTaken = errors.New("taken")
)
