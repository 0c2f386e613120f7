package test

import (
	"slices"
	"testing"

	"factorfleet/internal/cli"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// BenchmarkRatio measures the queue beside the least possible pipeline, with the same kind of server; with --secure beside
// itself without; and with four workers beside itself with one. The runs of the two take turns, and the medians of their
// ratios are reported: so other programs on the machine disturb both alike.
//
//	speed-ratio   tasks a second, of the queue by the other one; 1 = equally fast
//	cpu-ratio     CPU time for a task, of the other one by the queue; 1 = equally much
func BenchmarkRatio(b *testing.B) {
	tasks := map[string]uint64{"inside": 20_000, "process": 20_000, "secure": 20_000, "always": 2000} // by kind of server
	cli.Tune()
	one, err := plan.ParseChunking("1")
	if err != nil {
		b.Fatal(err)
	}
	queue := func(b *testing.B, server string, otherWorkers ...string) func() benchTime {
		h := newBenchFleet(b, benchServers[server](b), 2)
		for _, name := range otherWorkers {
			h.startWorker(name, 1)
		}
		return func() benchTime { return h.job(tasks[server], one, task.KindSquare, nat.New(1)) }
	}
	pipeline := func(b *testing.B, server string) func() benchTime {
		p := newPipeline(benchServers[server](b))
		return func() benchTime { return p.measure(int(tasks[server])) }
	}
	for _, server := range []string{"inside", "process", "always"} {
		b.Run(server, func(b *testing.B) { compare(b, queue(b, server), pipeline(b, server)) })
	}
	b.Run("secure", func(b *testing.B) { compare(b, queue(b, "secure"), queue(b, "inside")) })
	b.Run("workers", func(b *testing.B) { compare(b, queue(b, "inside", "x", "y", "z"), queue(b, "inside")) })
}

// compare runs one and other in turns, and reports the medians of their ratios.
func compare(b *testing.B, one, other func() benchTime) {
	var speed, cpu []float64
	one()
	other()
	for b.Loop() {
		a, o := one(), other()
		speed = append(speed, float64(o.wall)/float64(a.wall))
		cpu = append(cpu, float64(o.cpu)/float64(a.cpu))
	}
	slices.Sort(speed)
	slices.Sort(cpu)
	b.ReportMetric(speed[len(speed)/2], "speed-ratio")
	b.ReportMetric(cpu[len(cpu)/2], "cpu-ratio")
	b.ReportMetric(0, "ns/op")
}
