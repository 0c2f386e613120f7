package unit

import (
	"strings"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// Kinds are the files that Write knows, in the order in which a user reads of them.
var Kinds = []string{"systemd", "docker", "compose", "k8s", "keda", "grafana", "prometheus-rules"}

// The programs for which files are written.
const (
	Consumer = "consumer"
	Producer = "producer"
)

// Options say what is deployed. All texts may contain any character but control characters.
type Options struct {
	Program string        // Consumer or Producer, which runs `producer serve`
	Name    string        // of the worker; "" = that of its host
	Server  string        // URL of NATS; "" = the usual one of the kind
	Creds   string        // path of the credentials on this machine; "" = none
	Binary  string        // path of the program; "" = /usr/local/bin and its name
	Image   string        // of the container; "" = factorfleet:latest
	Slots   int           // tasks at a time, and cores; 0 = all
	Memory  int64         // limit in bytes; 0 = the usual one of the kind
	Drain   time.Duration // longest drain of the worker
	Account string        // of NATS, for KEDA; "" = $G
	Scrape  bool          // k8s: other pods may read the metrics, with a token
}

// stopMargin is how long after the longest drain a process is killed.
const stopMargin = 10 * time.Second

// Serves reports whether a supervisor is deployed, else a worker.
func (o Options) Serves() bool { return o.Program == Producer }

// Command returns the command and flags behind the program's name, without those of the connection.
func (o Options) Command() string {
	if o.Serves() {
		return "serve"
	}
	return "run"
}

// Listen returns the address on which the process answers GET /healthz and /metrics.
func (o Options) Listen() string {
	if o.Serves() {
		return "127.0.0.1:8222"
	}
	return "127.0.0.1:9101"
}

// Port returns the port of Listen.
func (o Options) Port() string {
	_, port, _ := strings.Cut(o.Listen(), ":")
	return port
}

// What names the process in descriptions.
func (o Options) What() string {
	if o.Serves() {
		return "supervisor"
	}
	return "worker"
}

// Stop returns after how many seconds a process is killed that was told to end.
func (o Options) Stop() int {
	if o.Serves() {
		return int(stopMargin.Seconds())
	}
	return int((o.Drain + stopMargin + time.Second - 1) / time.Second)
}

// MiB returns the limit of the memory in MiB.
func (o Options) MiB() int64 { return o.Memory >> 20 }

// Cores returns how many cores a container is given.
func (o Options) Cores() int {
	if o.Serves() {
		return 1
	}
	return o.Slots
}

// Stream returns the stream of the tasks.
func (o Options) Stream() string { return schema.StreamTasks }

// Durables returns the durables of the tasks that any worker takes.
func (o Options) Durables() (list []string) {
	for _, class := range task.Classes {
		list = append(list, schema.Durable(class))
	}
	return list
}

// withDefaults fills what is missing, for a kind of file.
func (o Options) withDefaults(kind string) Options {
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	set(&o.Binary, "/usr/local/bin/"+o.Program)
	set(&o.Image, "factorfleet:latest")
	set(&o.Account, "$G")
	switch kind {
	case "systemd":
		set(&o.Server, "nats://127.0.0.1:4222")
		return o
	default:
		set(&o.Server, "nats://nats:4222")
	}
	if o.Slots == 0 {
		o.Slots = 2
	}
	if o.Memory == 0 {
		o.Memory = 2 << 30
	}
	return o
}

// LagThreshold returns how many tasks KEDA aims at for one worker: two for each slot.
func (o Options) LagThreshold() int { return 2 * o.Slots }

// Worker returns the options of a worker, in a file that has both.
func (o Options) Worker() Options {
	o.Program = Consumer
	return o
}
