// Package metrics counts what a process does, for Prometheus. Each program has one Registry, which it serves as GET
// /metrics: a worker counts its own work (Worker), a supervisor shows what it observes of the fleet (Fleet). Both may be
// in one process.
//
// Each label has a closed set of values: statuses of answers, size classes, methods, causes, priorities and states. Names
// of jobs, workers and hosts, and numbers, are never labels, because a hostile worker can invent any number of them. A
// value that is not in the set of its label becomes "other".
//
// A scrape sends no request to the NATS server and waits for none: it reads variables of the process. So it is answered
// while the server is away, with factor_up 0.
package metrics
