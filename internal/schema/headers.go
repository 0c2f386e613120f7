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

// HeaderSpent says how many deliveries a task has had in earlier rounds. More than one
// below MaxDeliver means that its last one was lost so many times before it began.
const HeaderSpent = "Factor-Spent"

// ParseSpent reads the value of HeaderSpent; 0 if it is missing or no count.
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
