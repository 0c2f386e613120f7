package natsconn_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/natsconn"
)

// TestSocks connects through a proxy with one user.
func TestSocks(t *testing.T) {
	t.Parallel()
	open := natsServer(t, plain)
	proxy := strings.TrimPrefix(listen(t, serveSocks), "nats://")
	connects(t, natsconn.Config{Server: open, SocksProxy: "socks5://bob:pw@" + proxy})
	fails(t, natsconn.Config{Server: open, SocksProxy: "socks5://bob:s3cret@" + proxy}, "SOCKS proxy "+proxy+": username/password authentication failed")
	fails(t, natsconn.Config{Server: open, SocksProxy: "socks5://" + proxy}, "no acceptable authentication methods")
	fails(t, natsconn.Config{Server: "nats://127.0.0.1:1", SocksProxy: "socks5://bob:pw@" + proxy}, "cannot reach NATS at nats://127.0.0.1:1: SOCKS proxy "+proxy+": unknown error connection refused")
	silent := strings.TrimPrefix(listen(t, func(conn net.Conn) { io.Copy(io.Discard, conn) }), "nats://")
	fails(t, natsconn.Config{Server: open, SocksProxy: "socks5://bob:s3cret@" + silent, Timeout: 300 * time.Millisecond}, open, "300ms")
}

// serveSocks serves one connection of a SOCKS 5 proxy (RFC 1928, RFC 1929). It accepts the user bob, and
// IPv4 addresses.
func serveSocks(conn net.Conn) {
	in := bufio.NewReader(conn)
	take := func(n int) string {
		b := make([]byte, n)
		io.ReadFull(in, b)
		return string(b)
	}
	take(1)
	if methods := take(int(take(1)[0])); !strings.Contains(methods, "\x02") {
		io.WriteString(conn, "\x05\xff")
		return
	}
	io.WriteString(conn, "\x05\x02")
	take(1)
	if user, password := take(int(take(1)[0])), take(int(take(1)[0])); user != "bob" || password != "pw" {
		io.WriteString(conn, "\x01\x01")
		return
	}
	io.WriteString(conn, "\x01\x00")
	take(4)
	host, port := take(4), take(2)
	to, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IP(host), Port: int(port[0])<<8 | int(port[1])})
	if err != nil {
		io.WriteString(conn, "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00")
		return
	}
	defer to.Close()
	io.WriteString(conn, "\x05\x00\x00\x03\x04test\x00\x00")
	go io.Copy(to, in)
	io.Copy(conn, to)
}
