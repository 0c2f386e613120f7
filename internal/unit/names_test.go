package unit

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/metrics"
	"factorfleet/internal/nat"
	"factorfleet/internal/observe"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// exported returns the labels of each metric of a worker and of a supervisor.
func exported(t *testing.T) map[string]map[string]bool {
	t.Helper()
	r := metrics.New(metrics.Process{Connected: func() bool { return true }, Reconnects: func() uint64 { return 0 }})
	w := r.Worker(func() worker.Stats { return worker.Stats{} })
	w.Answered(task.KindFactor, []nat.Nat{nat.New(2)}, make([]task.Factorization, 1))
	view := &observe.View{Time: time.Unix(1, 0), Connected: true}
	view.Queue = []fleet.ClassStatus{{Class: task.ClassNorm}}
	r.Fleet(metrics.Supervisor{View: func() *observe.View { return view }, Rejected: func() uint64 { return 0 }})
	families, err := r.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]map[string]bool)
	for _, f := range families {
		labels := map[string]bool{"instance": true, "job": true}
		for _, m := range f.Metric {
			for _, l := range m.Label {
				labels[l.GetName()] = true
			}
		}
		names[f.GetName()] = labels
		if f.Metric[0].Histogram != nil {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				names[f.GetName()+suffix] = map[string]bool{"le": true}
			}
		}
	}
	return names
}

var (
	metricName = regexp.MustCompile(`\b(?:factor|process|go)_[a-z0-9_]+`)
	selector   = regexp.MustCompile(`\b((?:factor|process|go)_[a-z0-9_]+)\{([a-z_]+)=`)
	grouping   = regexp.MustCompile(`by \(([a-z_, ]+)\)`)
)

// wantExported fails unless an expression uses metrics that exist, with labels that they have.
func wantExported(t *testing.T, names map[string]map[string]bool, expr string) {
	t.Helper()
	found := metricName.FindAllString(expr, -1)
	if len(found) == 0 {
		t.Errorf("no metric in %s", expr)
	}
	for _, name := range found {
		if names[name] == nil {
			t.Errorf("no program has the metric %s of %s", name, expr)
		}
	}
	for _, m := range selector.FindAllStringSubmatch(expr, -1) {
		if !names[m[1]][m[2]] {
			t.Errorf("%s has no label %s: %s", m[1], m[2], expr)
		}
	}
	for _, m := range grouping.FindAllStringSubmatch(expr, -1) {
		for label := range strings.SplitSeq(m[1], ", ") {
			if !names[found[0]][label] {
				t.Errorf("%s has no label %s: %s", found[0], label, expr)
			}
		}
	}
}

// TestDashboard: Grafana can read it, no two panels overlap, and each query names metrics that exist.
func TestDashboard(t *testing.T) {
	names := exported(t)
	var d struct {
		Panels []struct {
			ID      int
			Type    string
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr, LegendFormat, RefID string }
		}
		SchemaVersion int
		Templating    struct{ List []struct{ Name, Type string } }
	}
	if err := json.Unmarshal([]byte(file(t, "grafana", Options{Program: Consumer})), &d); err != nil {
		t.Fatal(err)
	}
	taken := make(map[[2]int]string)
	for _, p := range d.Panels {
		if p.Title == "" || len(p.Targets) == 0 || p.Type != "stat" && p.Type != "timeseries" {
			t.Errorf("panel %+v", p)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s lies on %s or outside", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, q := range p.Targets {
			wantExported(t, names, q.Expr)
		}
	}
}

// TestAlerts: each rule names metrics that exist, and says what is wrong and what to do.
func TestAlerts(t *testing.T) {
	names := exported(t)
	rules := decode[struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}](t, file(t, "prometheus-rules", Options{Program: Consumer}))
	for _, r := range rules.Groups[0].Rules {
		wantExported(t, names, r.Expr)
		if severity := r.Labels["severity"]; severity != "warning" && severity != "critical" {
			t.Errorf("%s: severity %q", r.Alert, severity)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || len(r.Annotations) != 2 {
			t.Errorf("%s: annotations %q", r.Alert, r.Annotations)
		}
	}
}
