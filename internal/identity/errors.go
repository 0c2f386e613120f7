package identity

import (
	"errors"

	"factorfleet/internal/private"
)

var (
	// ErrNoKeys is wrapped if a directory has no keys.
	ErrNoKeys = errors.New("no keys")
	// ErrExposed is wrapped if other users of the machine can read a key, or replace one.
	ErrExposed = private.ErrExposed
	// ErrUnknown is wrapped if no identity has the name.
	ErrUnknown = errors.New("no such identity")
	// ErrNoSeed is wrapped if the directory does not have the secret key of an identity.
	ErrNoSeed = errors.New("no credentials")
	// ErrTaken is wrapped if another identity has the name already.
	ErrTaken = errors.New("taken")
)
