package command

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
)

// TestHealthCommand: the exit code and the output for each answer.
func TestHealthCommand(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz":
			io.WriteString(w, "ok\n")
		case "/readyz":
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, "draining\nnot \x1b[31mconnected\n")
		}
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for line, want := range map[string]struct {
		code   cli.ExitCode
		output string
	}{
		"--address " + address:                                  {cli.OK, "ok\n"},
		"--ready --address " + address:                          {cli.Defects, "draining\nnot [31mconnected\n"},
		"--address " + strings.TrimPrefix(other.URL, "http://"): {cli.NoConnect, "404 page not found\n"},
		"--address " + strings.TrimPrefix(gone.URL, "http://"):  {cli.NoConnect, ""},
		"--address 127.0.0.1":                                   {cli.Usage, ""},
		"--address 127.0.0.1:0":                                 {cli.Usage, ""},
		"--address " + address + " more":                        {cli.Usage, ""},
	} {
		var out strings.Builder
		app := &ucli.App{Name: "consumer", Writer: &out, Commands: []*ucli.Command{HealthCommand("a worker", "127.0.0.1:1")}, ExitErrHandler: func(*ucli.Context, error) {}}
		err := app.Run(append([]string{"consumer", "health"}, strings.Fields(line)...))
		if cli.Code(err) != want.code || out.String() != want.output {
			t.Errorf("%s: code %d (%v), output %q", line, cli.Code(err), err, out.String())
		}
	}
}
