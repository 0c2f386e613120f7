package command

import (
	"errors"
	"syscall"

	"factorfleet/internal/cli"
	"factorfleet/internal/fleet"
	"factorfleet/internal/job"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/private"
	"factorfleet/internal/stream"
	"factorfleet/internal/worker"
)

// Fail returns err with the exit code of its kind, and for some kinds with a hint. It returns nil and
// an error that has an exit code unchanged. An error of another kind is returned unchanged too:
// package cli has the exit codes of errors of the connection, of signals, and of all others.
func Fail(err error) error {
	var exit *cli.ExitError
	switch {
	case err == nil, errors.As(err, &exit):
		return err
	case errors.Is(err, syscall.EPIPE) && !errors.Is(err, natsconn.ErrConnect): // a connection can break with EPIPE too
		return cli.Exit(128+cli.ExitCode(syscall.SIGPIPE), nil)
	case errors.Is(err, stream.ErrNotProvisioned):
		return cli.WithHint(cli.Exit(cli.NoConnect, err), "run `producer init` once against this server")
	case errors.Is(err, job.ErrCancelled):
		return cli.Exit(cli.Cancelled, err)
	case errors.Is(err, job.ErrInputLost):
		return cli.WithHint(err, "submit the same input again with the same --id: the lost numbers are then stored and computed again")
	case errors.Is(err, job.ErrBeyondRepair):
		return cli.Exit(cli.Unverified, err)
	case errors.Is(err, fleet.ErrNoJob):
		return cli.Exit(cli.NoJob, err)
	case errors.Is(err, fleet.ErrDiffers):
		return cli.Exit(cli.Conflict, err)
	case errors.Is(err, stream.ErrFull):
		return cli.WithHint(cli.Exit(cli.Restart, err), "remove jobs with `producer rm JOB`, which works in a full store too, or give the server a larger store; then try again")
	case errors.Is(err, private.ErrExposed) && !errors.Is(err, natsconn.ErrConnect):
		return cli.Exit(cli.FileError, err)
	case errors.Is(err, worker.ErrRestart), errors.Is(err, private.ErrLocked), errors.Is(err, syscall.EADDRINUSE):
		return cli.Exit(cli.Restart, err)
	}
	return err
}
