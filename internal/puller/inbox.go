package puller

import (
	"context"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go"
)

// A replyInbox receives the answers to requests, as the client library's own inbox does, but changes
// its subject after every inboxRequests requests.
//
// The reason is a cost of accounts, seen with nats-server 2.15.2. For every request that passes from one
// account to another, the server remembers for two minutes where answers to it must be sent, in about
// 1 KiB. It forgets all requests of a reply subject at once when the last subscription to it ends.
//
// So at most the requests of two addresses, and of those on which a slow request still waits, are
// remembered at once. An address has three states:
//
//	current     new requests use it, up to inboxRequests
//	used up     only answers are waited for; another address is current
//	closed      no request waits on it, and it is unsubscribed
//
// A replyInbox is safe for concurrent use.
type replyInbox struct {
	nc *nats.Conn

	mu      sync.Mutex
	current *address // for new requests; nil before the first
}

// An address is one subject of a replyInbox. Its fields are guarded by the lock of the inbox.
type address struct {
	sub     *nats.Subscription
	prefix  string
	used    int                       // requests so far, at most inboxRequests
	waiting map[string]chan *nats.Msg // requests without an answer, by reply subject; capacity 1
}

// inboxRequests is the number of requests of one reply subject, and so of those that the server must
// remember at once. To forget them the server looks at all that it remembers, so a small number would
// cost more time.
const inboxRequests = 1024

// request sends m and waits for one answer until ctx ends. The error is nats.ErrNoResponders if no
// program subscribes to m's subject. It implements stream.Link.RawRequest.
func (i *replyInbox) request(ctx context.Context, m *nats.Msg) (*nats.Msg, error) {
	a, reply, answers, err := i.register()
	if err != nil {
		return nil, err
	}
	defer i.unregister(a, reply)
	err = i.nc.PublishMsg(&nats.Msg{Subject: m.Subject, Reply: reply, Header: m.Header, Data: m.Data})
	if err != nil {
		return nil, err
	}
	select {
	case answer := <-answers:
		if len(answer.Data) == 0 && answer.Header.Get("Status") == "503" {
			return nil, nats.ErrNoResponders
		}
		return answer, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// register returns the reply subject of a new request, and the channel to which its answer comes.
func (i *replyInbox) register() (*address, string, <-chan *nats.Msg, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.current == nil || i.current.used == inboxRequests {
		a, err := i.subscribe()
		if err != nil {
			return nil, "", nil, err
		}
		i.current = a
	}
	a := i.current
	a.used++
	reply, answers := a.prefix+strconv.FormatInt(int64(a.used), 36), make(chan *nats.Msg, 1)
	a.waiting[reply] = answers
	return a, reply, answers, nil
}

// subscribe returns a new address. i.mu must be held. The client library's goroutine hands out the
// answers; a second answer to the same request is dropped.
func (i *replyInbox) subscribe() (*address, error) {
	a := &address{prefix: i.nc.NewInbox() + ".", waiting: make(map[string]chan *nats.Msg)}
	sub, err := i.nc.Subscribe(a.prefix+"*", func(m *nats.Msg) {
		i.mu.Lock()
		defer i.mu.Unlock()
		if answers := a.waiting[m.Subject]; answers != nil {
			delete(a.waiting, m.Subject)
			i.closeIfDone(a)
			answers <- m
		}
	})
	if err != nil {
		return nil, err
	}
	sub.SetPendingLimits(-1, -1)
	a.sub = sub
	return a, nil
}

// unregister forgets a request that was answered, or that is not waited for any more.
func (i *replyInbox) unregister(a *address, reply string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if _, waits := a.waiting[reply]; waits {
		delete(a.waiting, reply)
		i.closeIfDone(a)
	}
}

// closeIfDone unsubscribes from an address that is used up and on which no request waits. i.mu must be
// held.
func (i *replyInbox) closeIfDone(a *address) {
	if a.used == inboxRequests && len(a.waiting) == 0 {
		a.sub.Unsubscribe()
	}
}
