package stream

import (
	"strconv"
	"strings"
)

// A Reply is the content of a delivered message's reply subject. The server describes there which
// message it has delivered, and what is left for the consumer.
type Reply struct {
	Deliveries  int    // of this message, this one included; at least 1
	StreamSeq   uint64 // of the message in its stream
	ConsumerSeq uint64 // deliveries of the consumer, this one included; without gaps
	Stored      int64  // when the message was stored, by the server's clock; Unix nanoseconds
	Pending     uint64 // messages that the consumer has not delivered yet
}

// ParseReply reads a reply subject. It returns false if the message was not delivered by a consumer.
// There are two forms. The second has the domain, "_" if there is none, and the hash of the account;
// a random token may follow it:
//
//	$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time>.<pending>
//	$JS.ACK.<domain>.<account>.<stream>.<consumer>.<deliveries>....<pending>[.<random>]
//
// The client library reads the same forms (nats.go, internal/parser), but only from a message that is
// bound to a subscription, and with more allocations than the pull of short tasks can spare.
func ParseReply(subject string) (Reply, bool) {
	tokens := strings.Split(subject, ".")
	if len(tokens) < 9 || tokens[0] != "$JS" || tokens[1] != "ACK" {
		return Reply{}, false
	}
	at := 4
	if len(tokens) >= 11 {
		at = 6
	}
	var r Reply
	var errs [5]error
	r.Deliveries, errs[0] = strconv.Atoi(tokens[at])
	r.StreamSeq, errs[1] = strconv.ParseUint(tokens[at+1], 10, 64)
	r.ConsumerSeq, errs[2] = strconv.ParseUint(tokens[at+2], 10, 64)
	r.Stored, errs[4] = strconv.ParseInt(tokens[at+3], 10, 64)
	r.Pending, errs[3] = strconv.ParseUint(tokens[at+4], 10, 64)
	if errs != [5]error{} || r.Deliveries < 1 {
		return Reply{}, false
	}
	return r, true
}
