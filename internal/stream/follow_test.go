package stream

import (
	"testing"

	"github.com/nats-io/nats.go"
)

// TestFollowGap: the follower detects a message that was lost on its way.
func TestFollowGap(t *testing.T) {
	t.Parallel()
	message := func(seq, delivered, pending string) *nats.Msg {
		return &nats.Msg{Subject: "FACTOR.results.j.0-1.w", Reply: "$JS.ACK.FACTOR_RESULTS.c.1." + seq + "." + delivered + ".0." + pending}
	}
	end := func(status, left string) *nats.Msg {
		m := nats.NewMsg("reply")
		m.Header.Set("Status", status)
		if left != "" {
			m.Header.Set("Nats-Pending-Messages", left)
		}
		return m
	}
	for name, test := range map[string]struct {
		messages []*nats.Msg
		status   string
		end      *nats.Msg
		want     error
	}{
		"all":             {[]*nats.Msg{message("8", "1", "1"), message("9", "2", "0")}, "404", end("404", ""), nil},
		"first lost":      {[]*nats.Msg{message("9", "2", "0")}, "", nil, errGap},
		"middle lost":     {[]*nats.Msg{message("8", "1", "2"), message("10", "3", "0")}, "", nil, errGap},
		"last lost":       {[]*nats.Msg{message("8", "1", "1")}, "404", end("404", ""), errGap},
		"twice":           {[]*nats.Msg{message("8", "1", "1"), message("8", "2", "1")}, "", nil, errGap},
		"before":          {[]*nats.Msg{message("7", "1", "1")}, "", nil, errGap},
		"counted":         {[]*nats.Msg{message("8", "1", "5")}, "408", end("408", "9"), nil},
		"counted, lost":   {[]*nats.Msg{message("8", "1", "5")}, "408", end("408", "8"), errGap},
		"of another kind": {[]*nats.Msg{{Subject: "a"}}, "", nil, errGap},
	} {
		f := &follower{received: 7, handedOver: 7, outstanding: 10, deliver: func([]Message, uint64) error { return nil }}
		var err error
		for _, m := range test.messages {
			if err == nil {
				err = f.take(m)
			}
		}
		if err == nil {
			err = f.end(test.status, test.end)
		}
		if err != test.want {
			t.Errorf("%s: %v, not %v", name, err, test.want)
		}
	}
}
