package command

import (
	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/metrics"
)

// NewMetrics returns the metrics of a program, to be served as GET /metrics. connected and reconnects are about its
// connection to the NATS server, and must not block; both may be called before there is one.
func NewMetrics(program string, connected func() bool, reconnects func() uint64) *metrics.Registry {
	return metrics.New(metrics.Process{
		Program: program, Version: Build(), Kernels: kernels.Active().String(), Connected: connected, Reconnects: reconnects,
	})
}
