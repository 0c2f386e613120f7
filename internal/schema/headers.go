package schema

import (
	"strconv"

	"factorfleet/internal/task"
)

// ServiceName is the name under which all workers answer the service requests of NATS, as
// `nats service ls`, ping, info and stats make them (ADR-32 of NATS). Such a list shows who answers
// now; the registry also shows who has fallen silent.
const ServiceName = "factor-worker"

// OrderHeader is on every order. A server does not mind where the answer to a request goes: without
// the header an identity that may give no orders could have an answer published as one.
const OrderHeader = "Factor-Order"

// HeaderSpent is the header of a task that says how many deliveries its range has had in earlier
// rounds, from 1. attempt.Number and attempt.Exhausted say what follows from it.
const HeaderSpent = "Factor-Spent"

// ParseSpent returns the value of HeaderSpent as a number >= 0; 0 if it is missing or invalid.
func ParseSpent(value string) int {
	n, _ := strconv.Atoi(value)
	return max(n, 0)
}

// Header returns the header of a message of this program; the map is the caller's own.
func Header() map[string][]string {
	return map[string][]string{task.SchemaHeader: schemaValue}
}

// schemaValue is shared by all messages; nobody writes to it.
var schemaValue = []string{task.Schema}
