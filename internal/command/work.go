package command

import (
	"math"
	"strconv"
	"strings"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/task"
)

// workFlag returns the flag --work.
func workFlag() ucli.Flag {
	return &ucli.StringFlag{Name: "work", DefaultText: "none", Usage: "ECM effort that was spent on each number before, as a t-level such as `T35`: curves for factors of up to 35 digits were run, so workers begin with larger bounds"}
}

// oneFlag returns the flag --one.
func oneFlag() ucli.Flag {
	return &ucli.BoolFlag{Name: "one", DisableDefaultText: true, Usage: "a first factor of each number is enough: what is left of it may stay unfinished (c123…(92), status CF)"}
}

// parseWork returns the digits of a t-level, as number theorists state ECM effort: "T35", "t37.5" or "35" is the effort
// after which a factor of so many digits was missed with probability 1/e. 0 = "", none. It is rounded to a thousandth.
func parseWork(s string) (digits float64, err error) {
	if s == "" {
		return 0, nil
	}
	number := strings.TrimLeft(s[:1], "tT") + s[1:]
	digits, err = strconv.ParseFloat(number, 64)
	if err != nil || strings.Trim(number, "0123456789.") != "" || digits <= 0 || digits > task.MaxWorkDigits {
		return 0, cli.Usagef("--work %.40q is no t-level: use T35 or 37.5, above 0 and at most %d", s, task.MaxWorkDigits)
	}
	return math.Round(digits*1000) / 1000, nil
}
