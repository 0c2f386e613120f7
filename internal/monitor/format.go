package monitor

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"factorfleet/internal/text"
)

// Formats has the names of all formats.
var Formats = []string{"nagios", "json", "prometheus", "text"}

// Limits of a line in bytes: monitoring systems cut long ones.
const maxMessage = 1000

// Format returns the result in a format, with its last newline.
func (r *Result) Format(format string) (string, error) {
	switch format {
	case "nagios":
		return r.nagios(), nil
	case "json":
		b, err := json.MarshalIndent(r, "", "  ")
		return string(b) + "\n", err
	case "prometheus":
		return r.prometheus(), nil
	case "text":
		return r.text(), nil
	}
	return "", fmt.Errorf("%q is not a format: use %s", format, strings.Join(Formats, ", "))
}

// message returns the message as one line. A vertical bar would begin the performance data.
func (r *Result) message() string {
	return strings.ReplaceAll(text.Sanitize(r.Message, maxMessage), "|", "/")
}

// nagios returns
//
//	FACTOR QUEUE WARNING - 120 tasks are queued | queued=120;100;1000;0
func (r *Result) nagios() string {
	line := fmt.Sprintf("FACTOR %s %s - %s", strings.ToUpper(r.Check), r.State, r.message())
	for i := range r.Metrics {
		m := &r.Metrics[i]
		separator := " "
		if i == 0 {
			separator = " | "
		}
		line += fmt.Sprintf("%s%s=%s%s;%s;%s;0", separator, m.Name, figure(m.Value), m.Unit, m.Warning, m.Critical)
	}
	return line + "\n"
}

// prometheus returns the text format of Prometheus, such as for the textfile collector of node_exporter.
func (r *Result) prometheus() string {
	var b strings.Builder
	check := strconv.Quote(r.Check)
	fmt.Fprintf(&b, "# HELP factor_check_state Outcome of a check: 0 OK, 1 warning, 2 critical, 3 unknown.\n# TYPE factor_check_state gauge\nfactor_check_state{check=%s} %d\n", check, r.Code)
	if len(r.Metrics) > 0 {
		b.WriteString("# HELP factor_check_value Value that a check has measured; times in seconds.\n# TYPE factor_check_value gauge\n")
	}
	for i := range r.Metrics {
		fmt.Fprintf(&b, "factor_check_value{check=%s,name=%q} %s\n", check, r.Metrics[i].Name, figure(r.Metrics[i].Value))
	}
	return b.String()
}

// text returns lines for people.
func (r *Result) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: %s\n", r.Check, strings.ToLower(r.State.String()), r.message())
	for i := range r.Metrics {
		m := &r.Metrics[i]
		fmt.Fprintf(&b, "  %-14s %s%s", m.Name, figure(m.Value), m.Unit)
		if m.Warning != nil {
			fmt.Fprintf(&b, "  warning %s", m.Warning)
		}
		if m.Critical != nil {
			fmt.Fprintf(&b, "  critical %s", m.Critical)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// figure writes a value without an exponent.
func figure(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
