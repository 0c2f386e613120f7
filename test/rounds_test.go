package test

import (
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// A far is a proxy that delays all data in both directions, and counts round trips. Data that a client sends after it has
// received something belongs to the next round trip:
//
//	round of sent data      = 1 + the highest round that the client has received
//	round of received data  = the highest round that the server has received
//
// Data that is sent without waiting so costs no round trip, however slow the machine is. Data that is merely sent late
// may be counted as if it had waited: the count is an upper bound.
type far struct {
	url   string
	delay time.Duration // each way

	mu           sync.Mutex
	sent, served int // the highest rounds received by the server, by the client
}

// A parcel is data on its way.
type parcel struct {
	due   time.Time
	round int
	data  []byte
}

// far opens a proxy to s.
func (s *server) far(delay time.Duration) *far {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { l.Close() })
	f := &far{url: "nats://" + l.Addr().String(), delay: delay}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			nats, err := net.Dial("tcp", strings.TrimPrefix(s.url, "nats://"))
			if err != nil {
				client.Close()
				return
			}
			go f.carry(client, nats, func() int { return f.served + 1 }, &f.sent)
			go f.carry(nats, client, func() int { return f.sent }, &f.served)
		}
	}()
	return f
}

// carry carries data from one end to the other. round returns the round of what is read now; arrived has the highest round
// that has arrived at the other end.
func (f *far) carry(from, to net.Conn, round func() int, arrived *int) {
	parcels := make(chan parcel, 1<<12)
	go func() {
		defer close(parcels)
		for {
			b := make([]byte, 64<<10)
			n, err := from.Read(b)
			if n > 0 {
				f.mu.Lock()
				parcels <- parcel{time.Now().Add(f.delay), round(), b[:n]}
				f.mu.Unlock()
			}
			if err != nil {
				return
			}
		}
	}()
	defer to.Close()
	defer from.Close()
	for p := range parcels {
		time.Sleep(time.Until(p.due))
		f.mu.Lock()
		*arrived = max(*arrived, p.round)
		f.mu.Unlock()
		if _, err := to.Write(p.data); err != nil {
			return
		}
	}
}

// rounds returns how many round trips were made.
func (f *far) rounds() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.served
}

// TestRoundTrips: a short job on a distant server takes few round trips one after the other. The first is that of the
// login; those of TCP come on top. On a machine that is not busy there are 6 until the answer, and 10 in all.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.consumer("-n 1")
	f := s.far(25 * time.Millisecond)
	answered := 0
	p := start(t, "producer", "-s "+f.url+" submit 10403", func(c *exec.Cmd) { c.Stdout = &firstWrite{c.Stdout, func() { answered = f.rounds() }} })
	p.wantCode(0).wantStdout("10403: 101 103\n")
	t.Logf("%d round trips until the answer, %d in all", answered, f.rounds())
	if answered > 9 || f.rounds() > 13 {
		t.Errorf("%d round trips until the answer, %d in all", answered, f.rounds())
	}
}

// A firstWrite calls first before the first write.
type firstWrite struct {
	io.Writer
	first func()
}

func (w *firstWrite) Write(b []byte) (int, error) {
	if w.first != nil {
		w.first()
		w.first = nil
	}
	return w.Writer.Write(b)
}
