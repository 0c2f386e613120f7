package stream

import (
	"strings"
	"testing"
)

func TestParseReply(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]Reply{
		"$JS.ACK.FACTOR_TASKS.workers-norm.2.17.5.1700000000000000000.3":                   {2, 17, 5, 1700000000000000000, 3},
		"$JS.ACK.hub.ACCHASH.FACTOR_TASKS.workers-norm.3.17.5.1700000000000000000.3.rnd":   {3, 17, 5, 1700000000000000000, 3},
		"$JS.ACK.hub.ACCHASH.FACTOR_TASKS.workers-norm.3.17.5.1700000000000000000.3":       {3, 17, 5, 1700000000000000000, 3},
		"$JS.ACK.FACTOR_TASKS.workers-norm.1.2.3.1700000000000000000.4":                    {1, 2, 3, 1700000000000000000, 4},
		"$JS.ACK._.ACCOUNT.FACTOR_TASKS.workers-norm.1.2.3.1700000000000000000.4.random":   {1, 2, 3, 1700000000000000000, 4},
		"$JS.ACK.hub.ACCOUNT.FACTOR_TASKS.workers-norm.1.2.3.1700000000000000000.4.random": {1, 2, 3, 1700000000000000000, 4},
	} {
		if r, ok := ParseReply(subject); r != want || !ok {
			t.Errorf("%s: %+v, %v", subject, r, ok)
		}
	}
	for _, subject := range []string{
		"", "a.b", "$JS.ACK", "_INBOX.a.b.c.d.e.f.g.h", "$JS.ACK.a.b.x.1.1.1.1", "$JS.ACK.a.b.0.1.1.1.1", "$JS.ACK.a.b.1.x.1.1.1", "$JS.ACK.a.b.1.1.1.1.-1",
	} {
		if r, ok := ParseReply(subject); ok || r != (Reply{}) {
			t.Errorf("%s: %+v, %v", subject, r, ok)
		}
	}
}

// FuzzReply: whatever the subject, the parser returns a valid reply or none.
func FuzzReply(f *testing.F) {
	for _, s := range []string{
		"$JS.ACK.FACTOR_TASKS.workers-norm.1.2.3.1700000000000000000.4",
		"$JS.ACK.hub.ACCOUNT.FACTOR_TASKS.workers-norm.3.2.3.1700000000000000000.4.random",
		"$JS.ACK.a.b.0.1.2.3.4", "$JS.ACK.a.b.-1.1.2.3.4", "$JS.ACK.a.b.1.2.3", "........", "$JS.NAK.a.b.1.2.3.4.5", "", "_INBOX.x.1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, subject string) {
		r, ok := ParseReply(subject)
		if ok && r.Deliveries < 1 || !ok && r != (Reply{}) {
			t.Errorf("%q: %+v, %v", subject, r, ok)
		}
		if tokens := strings.Split(subject, "."); len(tokens) < 9 && ok {
			t.Errorf("%q has %d tokens: %+v", subject, len(tokens), r)
		}
	})
}
