package command

import (
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/factor/kernels"
)

// CheckKernels is the Before of the three programs. It returns an error with exit code Usage if the
// environment variable kernels.Variable names no level that this machine has.
func CheckKernels(*ucli.Context) error {
	if err := kernels.Check(); err != nil {
		return cli.WithHint(cli.Exit(cli.Usage, err), "unset %s to use the best level of this machine", kernels.Variable)
	}
	return nil
}
