package schema

import (
	"strconv"
	"strings"

	"factorfleet/internal/task"
)

// ServiceName is the name under which all workers answer the service requests of NATS (ADR-32), such
// as those of `nats service ls`. Such a list shows the workers that answer now. The registry also
// shows workers that have stopped.
const ServiceName = "factor-worker"

// OrderHeader is on every order. A server does not check the reply subject of a request. Without this
// header, an identity that may not give orders could have an answer published as an order; the header
// is missing on answers.
const OrderHeader = "Factor-Order"

// HeaderSpent is the header of a task that says how many deliveries its range has had in earlier
// rounds, from 1. attempt.Number says what follows from it.
const HeaderSpent = "Factor-Spent"

// HeaderAnywhere is the header of a task whose numbers need more memory than some workers have, when no other worker was
// alive: every worker computes them as far as it can.
const HeaderAnywhere = "Factor-Anywhere"

// HeaderNot is the header of a task that names workers which are not to compute it, with commas in between: they have
// answered its range already, or have left it to others.
const HeaderNot = "Factor-Not"

// MaxNot is the number of workers of a HeaderNot that count.
const MaxNot = 8

// IsNotFor reports whether the value of a HeaderNot names the worker.
func IsNotFor(value, worker string) bool {
	for i := 0; i < MaxNot && value != ""; i++ {
		var name string
		if name, value, _ = strings.Cut(value, ","); name == worker {
			return true
		}
	}
	return false
}

// HeaderBefore is the header of an input block that names the blocks before it: the counts of their numbers, the nearest
// first, with commas in between.
const HeaderBefore = "Factor-Before"

// ParseSpent returns the value of HeaderSpent as a number >= 0; 0 if it is missing or invalid.
func ParseSpent(value string) int {
	n, _ := strconv.Atoi(value)
	return max(n, 0)
}

// HeaderAnswered is the header of a renewed lease of a job: how many numbers the holder has verified answers for. A
// lease has none until its holder has read all results.
const HeaderAnswered = "Factor-Answered"

// HeaderCampaign is the header of a renewed lease of a part: how far the campaign is, as JSON of fleet.CampaignProgress.
const HeaderCampaign = "Factor-Campaign"

// Header returns a new header for a message of this program. Callers may add to it.
func Header() map[string][]string {
	return map[string][]string{task.SchemaHeader: schemaValue}
}

// PartHeader is Header for a task of a part: see task.PartSchema.
func PartHeader() map[string][]string {
	return map[string][]string{task.SchemaHeader: {task.PartSchema}}
}

// schemaValue is shared by all messages and must not be changed.
var schemaValue = []string{task.Schema}
