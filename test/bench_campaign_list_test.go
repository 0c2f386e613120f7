package test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"
)

// BenchmarkCampaignList measures a list of 10,000 numbers of 12 digits, alone and while the same workers sieve two
// numbers of -campaign digits, 90 at least, which must take longer than the list. The metrics are the times of `producer submit`.
func BenchmarkCampaignList(b *testing.B) {
	s := startFleet(b)
	s.supervise("--listen none")
	for i := range 2 * *campaignConsumers {
		s.consumer(fmt.Sprint("-n 1 --name c", i))
	}
	list := smallNumbers(b)
	submit := func() time.Duration {
		began := time.Now()
		s.run("producer", "submit", feed(list)).wantCode(0)
		return time.Since(began)
	}
	submit() // makes tables, which are made on first use
	var alone, beside time.Duration
	for b.Loop() {
		alone += submit()
		var jobs []string
		for range 2 {
			n := twoPrimes(b, max(*campaignDigits, 90)).String() + "\n"
			id := s.run("producer", "submit --detach --campaign always --reuse=false", feed(n)).wantCode(0).stdout.String()
			jobs = append(jobs, strings.TrimSpace(id))
		}
		for _, job := range jobs {
			eventually(b, job+" is sieved", func() bool { return len(s.senders(job)) > 0 })
		}
		beside += submit()
		for _, job := range jobs {
			if s.part(job) == nil {
				b.Errorf("%s was done before the list: use -campaign with more digits", job)
			}
			s.run("producer", "cancel "+job).wantCode(0)
		}
	}
	b.ReportMetric(alone.Seconds()/float64(b.N), "alone-s/list")
	b.ReportMetric(beside.Seconds()/float64(b.N), "beside-s/list")
	b.ReportMetric(0, "ns/op")
}

// smallNumbers returns 10,000 numbers of 12 or 13 digits, one a line.
func smallNumbers(t testing.TB) string {
	var list strings.Builder
	for n, i := twoPrimes(t, 12), 0; i < 10_000; i++ {
		fmt.Fprintln(&list, n.Add(n, big.NewInt(2)))
	}
	return list.String()
}
