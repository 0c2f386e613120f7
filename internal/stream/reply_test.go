package stream

import (
	"strings"
	"testing"
)

func TestReplySubject(t *testing.T) {
	t.Parallel()
	for reply, want := range map[string]int{
		"$JS.ACK.FACTOR_TASKS.workers-norm.2.17.5.1700000000000000000.3":                 2,
		"$JS.ACK.hub.ACCHASH.FACTOR_TASKS.workers-norm.3.17.5.1700000000000000000.3.rnd": 3,
		"$JS.ACK.hub.ACCHASH.FACTOR_TASKS.workers-norm.3.17.5.1700000000000000000.3":     3,
	} {
		if n, ok := DeliveryCount(reply); n != want || !ok {
			t.Errorf("%s: %d, %v", reply, n, ok)
		}
		if p := positionOf(reply); p != (position{seq: 17, delivered: 5, pending: 3}) {
			t.Errorf("%s: %+v", reply, p)
		}
	}
	for _, reply := range []string{"", "_INBOX.a.b.c.d.e.f.g.h", "$JS.ACK.a.b.x.1.1.1.1", "$JS.ACK.a.b.0.1.1.1.1", "$JS.ACK"} {
		if n, ok := DeliveryCount(reply); ok {
			t.Errorf("%s: %d", reply, n)
		}
	}
	if p := positionOf("a.b"); p != (position{}) {
		t.Errorf("%+v", p)
	}
}

// FuzzReply: the two readers of reply subjects agree with the client library's.
func FuzzReply(f *testing.F) {
	for _, s := range []string{
		"$JS.ACK.FACTOR_TASKS.workers-norm.1.2.3.1700000000000000000.4",
		"$JS.ACK.hub.ACCOUNT.FACTOR_TASKS.workers-norm.3.2.3.1700000000000000000.4.random",
		"$JS.ACK.a.b.0.1.2.3.4", "$JS.ACK.a.b.-1.1.2.3.4", "$JS.ACK.a.b.1.2.3", "........", "$JS.NAK.a.b.1.2.3.4.5", "", "_INBOX.x.1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, reply string) {
		count, ok := DeliveryCount(reply)
		if ok && count < 1 {
			t.Errorf("%q: %d, %v", reply, count, ok)
		}
		p := positionOf(reply)
		if tokens := strings.Split(reply, "."); len(tokens) < 9 && (ok || p != position{}) {
			t.Errorf("%q has %d tokens: %d, %+v", reply, len(tokens), count, p)
		}
	})
}

func TestReplySubjects(t *testing.T) {
	t.Parallel()
	for reply, want := range map[string]position{
		"$JS.ACK.FACTOR_TASKS.workers-norm.1.2.3.1700000000000000000.4":                    {seq: 2, delivered: 3, pending: 4},
		"$JS.ACK._.ACCOUNT.FACTOR_TASKS.workers-norm.1.2.3.1700000000000000000.4.random":   {seq: 2, delivered: 3, pending: 4},
		"$JS.ACK.hub.ACCOUNT.FACTOR_TASKS.workers-norm.1.2.3.1700000000000000000.4.random": {seq: 2, delivered: 3, pending: 4},
	} {
		if n, ok := DeliveryCount(reply); n != 1 || !ok || positionOf(reply) != want {
			t.Errorf("%s: %d, %v, %+v", reply, n, ok, positionOf(reply))
		}
	}
}
