package test

import (
	"bufio"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// silentServer speaks the protocol of NATS but answers no request. asked receives a value for each one.
func silentServer(t *testing.T) (url string, asked <-chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	requests := make(chan struct{}, 100)
	serve := func(conn net.Conn) {
		defer conn.Close()
		fmt.Fprintf(conn, "INFO {\"server_id\":\"S\",\"version\":\"2.15.2\",\"headers\":true,\"jetstream\":true,\"max_payload\":1048576,\"proto\":1}\r\n")
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			switch command, _, _ := strings.Cut(lines.Text(), " "); command {
			case "PING":
				fmt.Fprint(conn, "PONG\r\n")
			case "PUB", "HPUB":
				requests <- struct{}{}
			}
		}
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return "nats://" + listener.Addr().String(), requests
}

// A signal ends every command that waits for the server, with the exit code of the signal.
func TestSignalWhileServerIsSilent(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"init", "init --dry-run", "status", "ls", "cancel j", "submit 15", "wait j"} {
		for s, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
			t.Run(command+" "+s.String(), func(t *testing.T) {
				t.Parallel()
				url, asked := silentServer(t)
				p := start(t, "producer", command+" --timeout 60s -s "+url)
				<-asked
				p.signal(s)
				p.wantCode(code).wantStdout("")
			})
		}
	}
}

// Closing the terminal is a request to end, as SIGTERM is: workers drain, and a node stops in order.
func TestHangup(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.run("producer", "init").wantCode(0)
	worker := server.start("consumer", "run --name w")
	worker.await(&worker.stderr, "connected")
	worker.signal(syscall.SIGHUP)
	worker.wantCode(0)

	node := start(t, "embedded", "run --listen 127.0.0.1:0")
	node.await(&node.stderr, "listening on ")
	node.signal(syscall.SIGHUP)
	node.wantCode(0) // it has removed its temporary store: see wait
}

// A program that nohup has started outlives its terminal.
func TestNohup(t *testing.T) {
	t.Parallel()
	in, w := pipe(t)
	p := startCommand(t, exec.Command("nohup", binary(t, "embedded"), "submit"), in)
	if _, err := w.WriteString("360\n"); err != nil {
		t.Fatal(err)
	}
	p.await(&p.stdout, factors360)
	p.signal(syscall.SIGHUP)
	if _, err := w.WriteString("15\n"); err != nil {
		t.Fatal(err)
	}
	p.await(&p.stdout, "15: 3 5\n")
	w.Close()
	p.wantCode(0)
}
