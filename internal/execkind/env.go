package execkind

import (
	"os"
	"strconv"
	"strings"

	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// hidden are the prefixes of variables that the programs themselves read, some of which hold credentials. A command
// does not get them. FACTORFLEET_ is one of them: a command has only those that variables sets.
var hidden = []string{"NATS_", "FACTOR"}

// inherited returns the environment of the worker without the hidden variables.
func inherited() (list []string) {
	for _, entry := range os.Environ() {
		if !isHidden(entry) {
			list = append(list, entry)
		}
	}
	return list
}

func isHidden(entry string) bool {
	for _, prefix := range hidden {
		if len(entry) >= len(prefix) && strings.EqualFold(entry[:len(prefix)], prefix) { // Windows ignores the case
			return true
		}
	}
	return false
}

// variables returns the environment of a process:
//
//	FACTORFLEET_WORKER   name of the worker
//	FACTORFLEET_SLOT     its slot that runs the process, from 0
//	FACTORFLEET_FORMAT   lines, nul or json
//	FACTORFLEET_JOB      the job              \
//	FACTORFLEET_RANGE    first-count, from 0   > not in mode server, whose process outlives its task
//	FACTORFLEET_ATTEMPT  from 1               /
func (k *Kind) variables(o *worker.RunOptions, format task.Format, r task.Range) []string {
	list := append(k.environment[:len(k.environment):len(k.environment)],
		"FACTORFLEET_WORKER="+k.worker, "FACTORFLEET_SLOT="+strconv.Itoa(o.Slot), "FACTORFLEET_FORMAT="+string(format))
	if k.command.Mode == Server {
		return list
	}
	return append(list, "FACTORFLEET_JOB="+o.Job, "FACTORFLEET_RANGE="+r.String(), "FACTORFLEET_ATTEMPT="+strconv.Itoa(o.Attempt))
}
