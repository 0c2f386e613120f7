package metrics

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	maxScrapes    = 4               // at the same time; further ones get 503
	scrapeTimeout = 3 * time.Second // a scrape takes some milliseconds
)

// A Process says what the metrics of each program need to know. Its functions are called by several goroutines, at each
// scrape, and must not block.
type Process struct {
	Program    string        // producer, consumer or embedded
	Version    string        // of the program
	Kernels    string        // the level of kernels of its engine
	Connected  func() bool   // whether the process is connected to the NATS server
	Reconnects func() uint64 // how often it was connected again
}

// A Registry has the metrics of a process.
type Registry struct{ metrics *prometheus.Registry }

// New returns a registry with the metrics that each program has: its build, its connection, the Go runtime and the
// process.
func New(p Process) *Registry {
	r := &Registry{prometheus.NewRegistry()}
	r.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	labels := prometheus.Labels{"program": p.Program, "version": p.Version, "kernels": p.Kernels, "goversion": runtime.Version()}
	r.gauge("factor_build_info", "The build of this program, always 1.", labels, func() float64 { return 1 })
	r.gauge("factor_up", "1 while this process is connected to the NATS server, else 0.", nil, func() float64 { return number(p.Connected()) })
	r.counter("factor_nats_reconnects_total", "How often this process has connected again to the NATS server.", func() float64 { return float64(p.Reconnects()) })
	return r
}

// gauge registers a gauge that is read at each scrape.
func (r *Registry) gauge(name, help string, labels prometheus.Labels, read func() float64) {
	r.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, read))
}

// counter registers a counter that is read at each scrape.
func (r *Registry) counter(name, help string, read func() float64) {
	r.metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, read))
}

// Handler answers GET /metrics.
func (r *Registry) Handler() http.Handler {
	return promhttp.HandlerFor(r.metrics, promhttp.HandlerOpts{
		MaxRequestsInFlight: maxScrapes, Timeout: scrapeTimeout, ErrorHandling: promhttp.ContinueOnError,
	})
}

// Gatherer returns the metrics, for tests.
func (r *Registry) Gatherer() prometheus.Gatherer { return r.metrics }

// number returns 1 for true and 0 for false.
func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
