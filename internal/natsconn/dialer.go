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

// errNoAnswer is the cause of a context that has ended because no server has answered.
var errNoAnswer = errors.New("no answer")

// connect is o.Connect, except that it returns as soon as ctx ends, with the cause. A connection that
// is made later is closed.
func connect(ctx context.Context, o nats.Options) (*nats.Conn, error) {
	type outcome struct {
		nc  *nats.Conn
		err error
	}
	done := make(chan outcome) // without a buffer: a result that is not received is dropped
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

// A dialer makes the network connections of the client library, directly or through a SOCKS 5 proxy.
// The dialer of natscontext has no timeout, and its errors are lost.
type dialer struct {
	timeout time.Duration
	network proxy.ContextDialer
	proxy   string // HOST:PORT; "" = none

	mu   sync.Mutex
	last error // of the last Dial, nil if it succeeded; guarded by mu
}

// newDialer returns a dialer with a timeout for each attempt. through is the URL of a proxy, or "".
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
	return nil, Errorf(nil, "%q is not a SOCKS proxy: use socks5://HOST:PORT", hideLogin(through))
}

// Dial implements nats.CustomDialer.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d.timeout)
	defer cancel()
	conn, err := d.network.DialContext(ctx, network, address)
	var op *net.OpError
	if d.proxy != "" && errors.As(err, &op) { // whose text would repeat both addresses
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

// lastError returns the error of the last Dial, or nil.
func (d *dialer) lastError() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}
