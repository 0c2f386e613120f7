package natsconn_test

import (
	"io"
	"net"
	"testing"
	"time"

	"factorfleet/internal/natsconn"
)

// listen accepts connections, calls serve for each, and returns its URL.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return "nats://" + l.Addr().String()
}

func TestDialNobody(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().String()
	l.Close()
	fails(t, natsconn.Config{Server: "nats://alice:s3cret@" + free}, "cannot reach NATS at nats://"+free+": connection refused; start a server (nats-server -js) or name one with -s URL")
	fails(t, natsconn.Config{Server: "nats://no-such-host.invalid:4222"}, "cannot reach NATS at nats://no-such-host.invalid:4222: no-such-host.invalid: ")

	silent := listen(t, func(conn net.Conn) { io.Copy(io.Discard, conn) })
	fails(t, natsconn.Config{Server: silent, Timeout: 300 * time.Millisecond}, silent, "no greeting within 300ms")
	closing := listen(t, func(net.Conn) {})
	fails(t, natsconn.Config{Server: closing}, closing, "closed before the greeting")
	web := listen(t, func(conn net.Conn) {
		io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
		io.Copy(io.Discard, conn)
	})
	fails(t, natsconn.Config{Server: web}, web, "not a NATS server")
	fails(t, natsconn.Config{Server: silent, SocksProxy: "socks5://" + free}, "SOCKS proxy "+free+": connection refused")
	fails(t, natsconn.Config{Server: silent, SocksProxy: "http://" + free}, "is not a SOCKS proxy")
}
