package unit

import (
	"encoding/json"
	"io"
)

// A panel is a graph or a figure of the dashboard. Each query has a legend, with labels in double braces.
type panel struct {
	title, about, kind, unit string
	width                    int // of 24
	queries                  [][2]string
}

// Fleet metrics are those of each supervisor: max takes one of them.
var panels = []panel{
	{"Connected", "Processes of the fleet that reach the NATS server.", "stat", "short", 4, [][2]string{{`sum(factor_up)`, "processes"}}},
	{"Supervisors", "Without one, lost and returned tasks wait.", "stat", "short", 4, [][2]string{{`max(factor_supervisors)`, "supervisors"}}},
	{"Workers", "Workers that take tasks.", "stat", "short", 4, [][2]string{{`max(factor_workers{state="running"})`, "running"}}},
	{"Active jobs", "Jobs that have not ended.", "stat", "short", 4, [][2]string{{`max(factor_jobs_active)`, "jobs"}}},
	{"Queued tasks", "Tasks that are not delivered yet.", "stat", "short", 4, [][2]string{{`sum(max by (priority) (factor_queue_pending))`, "tasks"}}},
	{"Dead letters", "Numbers that were given up: `producer dead ls` names them.", "stat", "short", 4, [][2]string{{`max(factor_dlq_messages)`, "letters"}}},
	{"Numbers answered", "By status, as in the JSON of `producer results`.", "timeseries", "cps", 12, [][2]string{{`sum by (status) (rate(factor_numbers_total[$__rate_interval]))`, "{{status}}"}}},
	{"Queue", "Tasks that wait, by priority, and all that run.", "timeseries", "short", 12, [][2]string{
		{`max by (priority) (factor_queue_pending)`, "waiting {{priority}}"}, {`sum(max by (priority) (factor_queue_running))`, "running"},
	}},
	{"CPU time by method", "Of the numbers answered, and of campaigns.", "timeseries", "short", 12, [][2]string{
		{`sum by (method) (rate(factor_cpu_seconds_total[$__rate_interval]))`, "{{method}}"},
		{`sum by (kind) (rate(factor_campaign_cpu_seconds_total[$__rate_interval]))`, "campaign {{kind}}"},
	}},
	{"Numbers by size", "Decimal digits of the numbers answered.", "timeseries", "cps", 12, [][2]string{{`sum by (class) (rate(factor_numbers_total[$__rate_interval]))`, "{{class}}"}}},
	{"Time of a task", "Wall-clock time in a slot.", "timeseries", "s", 12, [][2]string{
		{`histogram_quantile(0.5, sum by (le) (rate(factor_chunk_seconds_bucket[$__rate_interval])))`, "median"},
		{`histogram_quantile(0.95, sum by (le) (rate(factor_chunk_seconds_bucket[$__rate_interval])))`, "95 %"},
	}},
	{"Slots", "Of all workers that are scraped.", "timeseries", "short", 12, [][2]string{
		{`sum(factor_slots)`, "slots"}, {`sum(factor_slots_busy)`, "busy"}, {`sum(factor_slots_lost)`, "hanging"}, {`sum(factor_inflight)`, "tasks held"},
	}},
	{"Failures", "Numbers that failed, by cause.", "timeseries", "cps", 8, [][2]string{{`sum by (cause) (rate(factor_failures_total[$__rate_interval]))`, "{{cause}}"}}},
	{"Redeliveries", "Tasks that another worker repeats, by cause.", "timeseries", "cps", 8, [][2]string{{`sum by (cause) (rate(factor_redeliveries_total[$__rate_interval]))`, "{{cause}}"}}},
	{"Trust", "Results that were refused, strikes, and workers in quarantine.", "timeseries", "short", 8, [][2]string{
		{`sum(increase(factor_rejected_results_total[$__rate_interval]))`, "refused results"}, {`max(factor_worker_strikes)`, "strikes"}, {`max(factor_workers{state="quarantined"})`, "quarantined"},
	}},
	{"Workers by state", "As their heartbeats say.", "timeseries", "short", 8, [][2]string{{`max by (state) (factor_workers)`, "{{state}}"}}},
	{"Reconnects", "To the NATS server, by process.", "timeseries", "short", 8, [][2]string{{`increase(factor_nats_reconnects_total[$__rate_interval])`, "{{instance}}"}}},
	{"Memory", "Of each process that is scraped.", "timeseries", "bytes", 8, [][2]string{{`process_resident_memory_bytes and on (instance, job) factor_build_info`, "{{instance}}"}}},
}

type object = map[string]any

// source is the variable of the dashboard that names the data source.
var source = object{"type": "prometheus", "uid": "${datasource}"}

// writeDashboard writes a dashboard of Grafana 10 or later, to be imported.
func writeDashboard(w io.Writer) error {
	var list []object
	x, y, row := 0, 0, 0
	for i, p := range panels {
		height := 8
		if p.kind == "stat" {
			height = 4
		}
		if x+p.width > 24 {
			x, y, row = 0, y+row, 0
		}
		list = append(list, p.render(i+1, object{"x": x, "y": y, "w": p.width, "h": height}))
		x, row = x+p.width, height
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(object{
		"title": "factorfleet", "uid": "factorfleet", "tags": []string{"factorfleet"}, "schemaVersion": 39, "editable": true,
		"refresh": "10s", "time": object{"from": "now-1h", "to": "now"}, "timezone": "browser",
		"templating": object{"list": []object{{"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}}},
		"panels":     list,
	})
}

// render returns the JSON of a panel at a place of the grid.
func (p *panel) render(id int, place object) object {
	var targets []object
	for i, q := range p.queries {
		targets = append(targets, object{"refId": string(rune('A' + i)), "expr": q[0], "legendFormat": q[1], "datasource": source})
	}
	options := object{"legend": object{"displayMode": "list", "placement": "bottom", "showLegend": true}, "tooltip": object{"mode": "multi", "sort": "desc"}}
	if p.kind == "stat" {
		options = object{"reduceOptions": object{"calcs": []string{"lastNotNull"}}, "colorMode": "value", "graphMode": "area"}
	}
	return object{
		"id": id, "type": p.kind, "title": p.title, "description": p.about, "gridPos": place, "datasource": source, "targets": targets,
		"fieldConfig": object{"defaults": object{"unit": p.unit, "min": 0}, "overrides": []object{}}, "options": options,
	}
}
