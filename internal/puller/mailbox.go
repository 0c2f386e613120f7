package puller

import (
	"context"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go"
)

// A mailbox gets the answers to requests, as the client library's own does, but changes its
// address from time to time.
//
// A server remembers for two minutes where to send what may yet come in answer to a request
// that crosses from one account to another, a kilobyte for each. It forgets them all once
// nobody listens at that address any more.
type mailbox struct {
	nc *nats.Conn

	mu  sync.Mutex
	box *box // for new requests; nil before the first
}

// A box is a mailbox at one address. Its fields are guarded by the mailbox's lock.
type box struct {
	sub     *nats.Subscription
	prefix  string
	taken   int                       // requests so far, at most boxSize
	waiting map[string]chan *nats.Msg // by reply subject; capacity 1
}

// boxSize is how many requests a server may have to remember. To forget costs it a look at
// all that it remembers.
const boxSize = 1024

// ask sends a request and waits for one answer until ctx ends. The error is
// nats.ErrNoResponders if nobody is there to answer.
func (m *mailbox) ask(ctx context.Context, request *nats.Msg) (*nats.Msg, error) {
	b, reply, answer, err := m.enter()
	if err != nil {
		return nil, err
	}
	defer m.leave(b, reply)
	err = m.nc.PublishMsg(&nats.Msg{Subject: request.Subject, Reply: reply, Header: request.Header, Data: request.Data})
	if err != nil {
		return nil, err
	}
	select {
	case got := <-answer:
		if len(got.Data) == 0 && got.Header.Get("Status") == "503" {
			return nil, nats.ErrNoResponders
		}
		return got, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// enter returns where the answer to a new request comes.
func (m *mailbox) enter() (*box, string, <-chan *nats.Msg, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.box == nil || m.box.taken == boxSize {
		b, err := m.open()
		if err != nil {
			return nil, "", nil, err
		}
		m.box = b
	}
	b := m.box
	b.taken++
	reply, answer := b.prefix+strconv.FormatInt(int64(b.taken), 36), make(chan *nats.Msg, 1)
	b.waiting[reply] = answer
	return b, reply, answer, nil
}

// open makes a new box; m.mu is held.
func (m *mailbox) open() (*box, error) {
	b := &box{prefix: m.nc.NewInbox() + ".", waiting: make(map[string]chan *nats.Msg)}
	sub, err := m.nc.Subscribe(b.prefix+"*", func(got *nats.Msg) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if answer := b.waiting[got.Subject]; answer != nil {
			delete(b.waiting, got.Subject)
			m.tidy(b)
			answer <- got
		}
	})
	if err != nil {
		return nil, err
	}
	sub.SetPendingLimits(-1, -1)
	b.sub = sub
	return b, nil
}

// leave forgets a request that was answered, or given up.
func (m *mailbox) leave(b *box, reply string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := b.waiting[reply]; there {
		delete(b.waiting, reply)
		m.tidy(b)
	}
}

// tidy closes a box that is used up and expects nothing more; m.mu is held.
func (m *mailbox) tidy(b *box) {
	if b.taken == boxSize && len(b.waiting) == 0 {
		b.sub.Unsubscribe()
	}
}
