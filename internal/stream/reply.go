package stream

import (
	"strconv"
	"strings"
)

// DeliveryCount reads NumDelivered out of a reply subject:
// $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>
// or, behind a domain, $JS.ACK.<domain>.<account>.<stream>.<consumer>.<delivered>...
func DeliveryCount(reply string) (int, bool) {
	tokens := strings.Split(reply, ".")
	at := 4
	if len(tokens) >= 11 {
		at = 6
	}
	if len(tokens) < 9 || tokens[0] != "$JS" || tokens[1] != "ACK" {
		return 0, false
	}
	n, err := strconv.Atoi(tokens[at])
	return n, err == nil && n >= 1
}

// A position is what the reply subject of a delivered message tells.
type position struct {
	seq       uint64 // in the stream
	delivered uint64 // how many messages the consumer has handed out
	pending   uint64 // how many are still to come
}

// positionOf reads a reply subject; see DeliveryCount for its forms.
func positionOf(reply string) (p position) {
	tokens := strings.Split(reply, ".")
	first := 5
	if len(tokens) >= 11 {
		first = 7
	}
	if len(tokens) < first+4 {
		return p
	}
	p.seq, _ = strconv.ParseUint(tokens[first], 10, 64)
	p.delivered, _ = strconv.ParseUint(tokens[first+1], 10, 64)
	p.pending, _ = strconv.ParseUint(tokens[first+3], 10, 64)
	return p
}
