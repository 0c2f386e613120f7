package test

import (
	"flag"
	"fmt"
	"math/big"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	campaignDigits      = flag.Int("campaign", 70, "decimal digits of the number for BenchmarkCampaign, a product of two primes")
	campaignNumber      = flag.String("campaign-number", "", "the number for BenchmarkCampaign, instead of a random one")
	campaignConsumers   = flag.Int("consumers", 2, "consumers for BenchmarkCampaign, with one slot each")
	campaignSupervisors = flag.Int("supervisors", 1, "supervisors for BenchmarkCampaign")
	campaignKill        = flag.Duration("kill", 0, "time after which BenchmarkCampaign kills the next consumer or supervisor and starts it again; 0 = never")
	campaignAlone       = flag.Bool("alone", true, "BenchmarkCampaign also factors the number in one slot of `embedded`, before")
)

// BenchmarkCampaign factors one number with all consumers of a fleet: nats-server, supervisors and consumers are
// processes of this machine. With -kill, consumers and supervisors are killed in turn. The result is a row of a table
// in Markdown, which the log has with its head, and the same figures as metrics.
func BenchmarkCampaign(b *testing.B) {
	binary(b, "embedded") // build it first
	for b.Loop() {
		n := twoPrimes(b, *campaignDigits)
		if *campaignNumber != "" {
			if _, ok := n.SetString(*campaignNumber, 10); !ok {
				b.Fatalf("-campaign-number %s: not a number", *campaignNumber)
			}
		}
		b.Logf("number: %v", n)
		r := campaignRun{digits: len(n.String())}
		if *campaignAlone {
			r.measureAlone(b, n)
		}
		newCampaignFleet(b, *campaignSupervisors, *campaignConsumers).measure(&r, n, *campaignKill)
		r.report(b)
	}
}

// A campaignRun has the figures of one run.
type campaignRun struct {
	digits               int
	alone, aloneCPU      time.Duration // 0 = not measured
	wall                 time.Duration
	consumers            spent
	supervisors, servers spent
	yields               yieldCount
	tasks                uint64
}

// measureAlone factors n in one slot of embedded.
func (r *campaignRun) measureAlone(b *testing.B, n *big.Int) {
	began := time.Now()
	p := start(b, "embedded", "submit -n 1", arguments(n.String()))
	<-p.ended
	r.alone = time.Since(began)
	checkAnswers(b, n.String()+"\n", p.stdout.String())
	var u spent
	u.add(p)
	r.aloneCPU = u.cpu
}

// report logs the figures as a row of a table, and reports them as metrics.
func (r *campaignRun) report(b *testing.B) {
	ratio := func(alone, together time.Duration) string {
		if alone == 0 {
			return "-"
		}
		return fmt.Sprintf("%.2f", alone.Seconds()/together.Seconds())
	}
	all := r.consumers.cpu + r.supervisors.cpu + r.servers.cpu
	share := 100 * r.supervisors.cpu.Seconds() / all.Seconds()
	columns := []struct{ head, value string }{
		{"digits", fmt.Sprint(r.digits)},
		{"consumers, restarts", fmt.Sprintf("%d, %d", *campaignConsumers, r.consumers.restarts)},
		{"wall", seconds(r.wall)},
		{"alone / wall", ratio(r.alone, r.wall)},
		{"CPU of consumers", seconds(r.consumers.cpu)},
		{"alone / CPU", ratio(r.aloneCPU, r.consumers.cpu)},
		{"supervisors, restarts", fmt.Sprintf("%d, %d", *campaignSupervisors, r.supervisors.restarts)},
		{"CPU (share), memory", fmt.Sprintf("%s (%.1f%%), %d MiB", seconds(r.supervisors.cpu), share, r.supervisors.peak>>20)},
		{"relations", fmt.Sprint(r.yields.relations)},
		{"coefficients (again)", fmt.Sprintf("%d (%d)", r.yields.coefficients, r.yields.again)},
		{"tasks", fmt.Sprint(r.tasks)},
		{"results", fmt.Sprintf("%d, %.1f MB", r.yields.messages, float64(r.yields.bytes)/1e6)},
	}
	var head, rule, row strings.Builder
	for _, c := range columns {
		fmt.Fprintf(&head, "| %s ", c.head)
		rule.WriteString("|---")
		fmt.Fprintf(&row, "| %s ", c.value)
	}
	b.Logf("\n%s|\n%s|\n%s|", head.String(), rule.String(), row.String())
	b.ReportMetric(r.wall.Seconds(), "s/number")
	b.ReportMetric(r.consumers.cpu.Seconds(), "consumers-CPU-s/number")
	b.ReportMetric(r.supervisors.cpu.Seconds(), "supervisors-CPU-s/number")
	if r.alone > 0 {
		b.ReportMetric(r.aloneCPU.Seconds(), "alone-CPU-s/number")
	}
	b.ReportMetric(0, "ns/op")
}

// seconds writes a duration with three digits.
func seconds(d time.Duration) string { return fmt.Sprintf("%.3g s", d.Seconds()) }

// A spent sums what processes that have ended have used.
type spent struct {
	cpu      time.Duration // user and system
	peak     int64         // bytes of memory of the largest process
	restarts int
}

// add adds a process, for whose end it waits.
func (u *spent) add(p *program) {
	<-p.ended
	u.cpu += p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
	u.peak = max(u.peak, p.cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss<<10)
}
