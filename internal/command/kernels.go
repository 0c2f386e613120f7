package command

import (
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/factor/kernels"
)

// CheckKernels is the Before of the three programs: a value of kernels.Variable that is not a
// level of this machine is a mistake in the command line's environment.
func CheckKernels(*ucli.Context) error {
	if err := kernels.Check(); err != nil {
		return cli.WithHint(cli.Exit(cli.Usage, err), "without %s the best level of the machine is chosen", kernels.Variable)
	}
	return nil
}
