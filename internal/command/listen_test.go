package command

import (
	"flag"
	"net"
	"strings"
	"testing"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/web"
)

// TestListenInUse: the error says what to do, also of a second supervisor on the machine.
func TestListenInUse(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	c := ucli.NewContext(ucli.NewApp(), flag.NewFlagSet("", flag.ContinueOnError), nil)
	for name, want := range map[string]string{"listen": "choose another address, or --listen none", "web": "choose another address, or leave --web out"} {
		if _, err := serveAt(c, new(Session), name, other.Addr().String(), web.Config{}); err == nil || !strings.HasSuffix(err.Error(), "address already in use; "+want) {
			t.Errorf("--%s: %v, want %s", name, err, want)
		}
	}
}
