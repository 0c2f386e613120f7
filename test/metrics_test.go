package test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// urlOf waits until p says where it listens, and returns the URL without a path.
func urlOf(p *program) (url string) {
	p.t.Helper()
	at := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	eventually(p.t, "it listens", func() bool { url = at.FindString(p.stderr.String()); return url != "" })
	return url
}

// get requests a path of a process: the status and the body.
func get(t *testing.T, url string) (code int, body string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

// metrics are what a scrape of a process has given.
type metrics map[string]*dto.MetricFamily

// scrape requests the metrics of a process, which must keep the conventions.
func scrape(t *testing.T, url string) metrics {
	t.Helper()
	code, body := get(t, url+"/metrics")
	if code != http.StatusOK {
		t.Fatalf("%d %s", code, body)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	problems, err := promlint.New(bytes.NewReader([]byte(body))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	return families
}

// sum returns the sum of the values of a metric with a label of that value, of all if label is "". A histogram counts its
// observations.
func (m metrics) sum(name, label, value string) (sum float64) {
	for _, x := range m[name].GetMetric() {
		ok := label == ""
		for _, l := range x.Label {
			ok = ok || l.GetName() == label && l.GetValue() == value
		}
		if ok {
			sum += x.GetCounter().GetValue() + x.GetGauge().GetValue() + float64(x.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

// of returns the sum of all values of a metric.
func (m metrics) of(name string) float64 { return m.sum(name, "", "") }

// A worker counts what it has answered, and says whether it takes tasks, also while the server is away.
func TestConsumerMetrics(t *testing.T) {
	t.Parallel()
	s := newFaultFleet(t, time.Second)
	p := s.consumer("-n 2 --name hostile-name --listen 127.0.0.1:0")
	url := urlOf(p)
	eventually(t, "it is ready", func() bool { code, _ := get(t, url+"/readyz"); return code == 200 })
	s.run("producer", "submit --range 1001:1201 --chunk 20").wantCode(0)
	m := scrape(t, url)
	for name, want := range map[string]float64{
		"factor_numbers_total": 201, "factor_tasks_total": 11, "factor_chunk_seconds": 11, "factor_slots": 2, "factor_slots_lost": 0, "factor_up": 1,
		"factor_failures_total": 0, "factor_nats_reconnects_total": 0, "factor_build_info": 1, "factor_worker_state": 1,
	} {
		if got := m.of(name); m[name] == nil || got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if got := m.sum("factor_numbers_total", "class", "1-9"); got != 201 {
		t.Errorf("%v numbers of up to 9 digits", got)
	}
	if got := m.sum("factor_worker_state", "state", "running"); got != 1 {
		t.Errorf("state running is %v", got)
	}
	if primes := m.sum("factor_numbers_total", "status", "P"); primes != 29 { // from 1001 to 1201
		t.Errorf("%v primes", primes)
	}
	if _, body := get(t, url+"/metrics"); strings.Contains(body, "hostile-name") {
		t.Error("the name of the worker is in the metrics")
	}

	s.stopServer(syscall.SIGTERM)
	eventually(t, "the server is gone", func() bool { return scrape(t, url).of("factor_up") == 0 })
	if got := scrape(t, url).of("factor_numbers_total"); got != 201 {
		t.Errorf("%v numbers without the server", got)
	}
	if code, body := get(t, url+"/readyz"); code != 503 || !strings.HasPrefix(body, "not connected to the server\n") {
		t.Errorf("/readyz: %d %s", code, body)
	}
	if code, body := get(t, url+"/healthz"); code != 200 || body != "ok\n" {
		t.Errorf("/healthz: %d %s", code, body)
	}
	s.run("consumer", "health --ready --address "+strings.TrimPrefix(url, "http://")).wantCode(1)
	s.run("consumer", "health --address "+strings.TrimPrefix(url, "http://")).wantCode(0).wantStdout("ok\n")
	s.restartServer()
	eventually(t, "it has connected again", func() bool { return scrape(t, url).of("factor_nats_reconnects_total") >= 1 })
	eventually(t, "it is ready again", func() bool { code, _ := get(t, url+"/readyz"); return code == 200 })
	p.signal(syscall.SIGTERM)
	p.wantCode(0)
}

// A worker that drains is alive and not ready.
func TestConsumerDrains(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	p := s.consumer("-n 1 --listen 127.0.0.1:0 --drain-timeout 100s")
	url := urlOf(p)
	s.run("producer", "submit --detach --id j --kind square --sleep 1h 3").wantCode(0)
	eventually(t, "a task runs", func() bool { return scrape(t, url).of("factor_slots_busy") == 1 })
	p.signal(syscall.SIGTERM)
	eventually(t, "it drains", func() bool { code, body := get(t, url+"/readyz"); return code == 503 && body == "draining\n" })
	if code, body := get(t, url+"/healthz"); code != 200 {
		t.Errorf("/healthz: %d %s", code, body)
	}
	p.signal(syscall.SIGTERM)
	p.wantCode(0)
}

// A worker listens only if it is told to, and not where other machines reach it without a token.
func TestConsumerListens(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	for _, address := range []string{"0.0.0.0:9101", ":9101", "192.0.2.1:9101"} {
		s.run("consumer", "run --listen "+address).wantCode(2).wantSaid("other machines can reach it")
	}
	s.run("consumer", "run --listen nowhere").wantCode(2)
	p := s.consumer("-n 1")
	if strings.Contains(p.stderr.String(), "http://") {
		t.Errorf("it listens by default: %s", p.stderr.String())
	}
	s.run("consumer", "health --address 127.0.0.1:1").wantCode(3)
}

// A supervisor shows the fleet, and what it knew of it while the server is away.
func TestServeMetrics(t *testing.T) {
	t.Parallel()
	s := newFaultFleet(t, time.Second)
	p := s.supervise("--listen 127.0.0.1:0")
	url := urlOf(p)
	s.consumer("-n 3 --name first")
	s.consumer("-n 2 --name second")
	s.run("producer", "submit --detach --id j --kind square --sleep 1h --chunk 1 --range 1:9").wantCode(0)
	settled := func(want map[string]float64) func() bool {
		return func() bool {
			m := scrape(t, url)
			for name, value := range want {
				family, state, _ := strings.Cut(name, " ")
				got := m.of(family)
				if state != "" {
					got = m.sum(family, "state", state)
				}
				if got != value {
					return false
				}
			}
			return true
		}
	}
	want := map[string]float64{
		"factor_supervisors": 1, "factor_workers running": 2, "factor_fleet_slots": 5, "factor_fleet_slots_busy": 5, "factor_queue_pending": 4,
		"factor_queue_running": 5, "factor_jobs_active": 1, "factor_dlq_messages": 0, "factor_up": 1, "factor_view_complete": 1,
	}
	eventually(t, fmt.Sprint(want), settled(want))
	s.stopServer(syscall.SIGTERM)
	want["factor_up"], want["factor_view_complete"] = 0, 0
	eventually(t, fmt.Sprint(want), settled(want))
}

// A node is a worker and a supervisor: the metrics of both are at the address of its page.
func TestEmbeddedMetrics(t *testing.T) {
	t.Parallel()
	p := start(t, "embedded", "run --listen 127.0.0.1:0 -n 2 --web=127.0.0.1:0")
	url := urlOf(p)
	var at string
	eventually(t, "it says how to join", func() bool {
		at = regexp.MustCompile(`nats://127\.0\.0\.1:\d+`).FindString(p.stderr.String())
		return at != ""
	})
	run(t, "producer", "submit -s "+at+" --range 1001:1201 --chunk 20").wantCode(0)
	eventually(t, "the fleet is observed", func() bool {
		m := scrape(t, url)
		return m.of("factor_numbers_total") == 201 && m.of("factor_up") == 1 && m.of("factor_slots") == 2 && m.of("factor_fleet_slots") == 2 &&
			m.sum("factor_workers", "state", "running") == 1 && m.of("factor_supervisors") == 1 && m.of("factor_queue_pending") == 0
	})
	p.signal(syscall.SIGTERM)
	p.wantCode(0)
}
