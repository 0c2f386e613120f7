package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/text"
)

const (
	healthTimeout = 4 * time.Second // probes of containers give up after 5 s
	maxHealth     = 8 << 10         // bytes of an answer that are read
)

// HealthCommand returns the command that asks a process of this machine how it is, for probes of containers. address is
// where it listens by default.
func HealthCommand(what, address string) *ucli.Command {
	return &ucli.Command{
		Name: "health", Usage: "ask " + what + " of this machine whether it works, for probes of containers",
		Description: "It requests http://ADDRESS/healthz, or /readyz with --ready, and prints the answer. The exit\n" +
			"code is 0 if it works, 1 if it says why not, and 3 if nobody answers. With its default --listen none\n" +
			"a consumer does not answer.",
		Flags: []ucli.Flag{
			&ucli.StringFlag{Name: "address", Value: address, Usage: "`ADDRESS` that the process has as --listen"},
			&ucli.BoolFlag{Name: "ready", DisableDefaultText: true, Usage: "ask whether it takes work now"},
		},
		Action: func(c *ucli.Context) error {
			if err := cli.NoArgs(c); err != nil {
				return err
			}
			if _, _, err := cli.SplitListen(c.String("address"), 1); err != nil {
				return cli.Usagef("--address %q is not host:port", c.String("address"))
			}
			path := "/healthz"
			if c.Bool("ready") {
				path = "/readyz"
			}
			ctx, cancel := context.WithTimeout(c.Context, healthTimeout)
			defer cancel()
			return askHealth(ctx, c.App.Writer, "http://"+c.String("address")+path)
		},
	}
}

// askHealth requests url and prints the answer. No proxy of the environment is used, and no redirection is followed: the
// answer is that of the process itself.
func askHealth(ctx context.Context, w io.Writer, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return cli.Exit(cli.Usage, err)
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(request)
	if err != nil {
		if errors.Is(err, syscall.ECONNREFUSED) {
			return cli.Exitf(cli.NoConnect, "nothing listens at %s: connection refused; name the address of the process by --address HOST:PORT", request.URL.Host)
		}
		return cli.Exit(cli.NoConnect, err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(io.LimitReader(answer.Body, maxHealth))
	for lines.Scan() {
		if _, err := fmt.Fprintln(w, text.Sanitize(lines.Text(), 300)); err != nil {
			return Fail(err)
		}
	}
	switch {
	case answer.StatusCode == http.StatusOK:
		return nil
	case answer.StatusCode == http.StatusServiceUnavailable:
		return cli.Exit(cli.Defects, nil)
	}
	return cli.Exitf(cli.NoConnect, "%s answers %s", url, strings.ToLower(answer.Status))
}
