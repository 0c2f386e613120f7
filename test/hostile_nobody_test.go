package test

import (
	"net"
	"strings"
	"testing"
	"time"
)

// Five hundred connections of somebody without credentials, which say nothing, or nonsense, keep no other
// client out and do not fill the log.
func TestHalfOpenConnections(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"silent":   "",
		"nonsense": "GET / HTTP/1.1\r\n\r\n",
		"cut off":  "\x16\x03\x01\x02\x00\x01", // the beginning of a TLS handshake
		"no login": "CONNECT {\"verbose\":false,\"user\":\"x\",\"pass\":\"y\"}\r\nPING\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := besiege(t, siegeAckWait)
			worker := f.honest("worker-1", "-n 1")
			address := strings.TrimPrefix(f.url, "tls://")
			var open []net.Conn
			for range 500 {
				c, err := net.Dial("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				c.Write([]byte(says)) // fails if the server has closed it
				open = append(open, c)
			}
			began := time.Now()
			f.run("producer", "ls").wantCode(0)
			t.Logf("a login was served within %v", time.Since(began).Round(10*time.Millisecond))
			f.submit("j", "--chunk 1", "15\n21\n")
			f.answers("j", "15\n21\n")
			for _, c := range open { // the server closes them after some seconds
				c.SetReadDeadline(time.Now().Add(patience))
				for b := make([]byte, 4096); ; {
					if _, err := c.Read(b); err != nil {
						if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
							t.Fatalf("a connection without a login is open after %v", patience)
						}
						break
					}
				}
			}
			f.run("producer", "ls").wantCode(0)
			lines := strings.Count(f.stderr.String(), "\n")
			t.Logf("the server has said %d lines", lines)
			if lines > 50 {
				t.Errorf("the server has said %d lines, such as\n%s", lines, f.tail())
			}
			select {
			case <-worker.ended:
				t.Errorf("the worker has ended:\n%s", worker.stderr.String())
			default:
			}
		})
	}
}
