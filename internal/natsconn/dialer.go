package natsconn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/net/proxy"
)

var errNoAnswer = errors.New("no answer")

// connect is o.Connect that ends with ctx, whose cause it then returns. A connection
// that succeeds too late is closed.
func connect(ctx context.Context, o nats.Options) (*nats.Conn, error) {
	type outcome struct {
		nc  *nats.Conn
		err error
	}
	done := make(chan outcome) // closed by nobody: one value or none is taken
	go func() {
		nc, err := o.Connect()
		select {
		case done <- outcome{nc, err}:
		case <-ctx.Done():
			if err == nil {
				nc.Close()
			}
		}
	}()
	select {
	case out := <-done:
		return out.nc, out.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// A dialer is the client library's way to the network, directly or through a SOCKS 5
// proxy. The one of natscontext has no timeout and keeps no error.
type dialer struct {
	timeout time.Duration
	network proxy.ContextDialer
	proxy   string // without secrets; "" = none

	mu   sync.Mutex
	last error // of the latest Dial
}

func newDialer(timeout time.Duration, through string) (*dialer, error) {
	direct := &net.Dialer{}
	if through == "" {
		return &dialer{timeout: timeout, network: direct}, nil
	}
	if u, err := url.Parse(through); err == nil && u.Hostname() != "" {
		socks, _ := proxy.FromURL(u, direct)
		if network, ok := socks.(proxy.ContextDialer); ok {
			return &dialer{timeout: timeout, network: network, proxy: u.Host}, nil
		}
	}
	return nil, Refuse(nil, "%q is not a SOCKS proxy: use socks5://HOST:PORT", hideLogin(through))
}

// Dial implements nats.CustomDialer.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d.timeout)
	defer cancel()
	conn, err := d.network.DialContext(ctx, network, address)
	var op *net.OpError
	if d.proxy != "" && errors.As(err, &op) { // its own words would repeat both addresses
		why := reason(op.Err)
		if IsTimeout(op.Err) {
			why = fmt.Sprintf("no answer within %v", d.timeout)
		}
		err = fmt.Errorf("SOCKS proxy %s: %s", d.proxy, why)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = err
	return conn, err
}

func (d *dialer) lastError() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}
