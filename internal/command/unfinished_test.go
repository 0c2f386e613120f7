package command

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

// unfinished returns an answer whose factor of so many bits is unfinished.
func unfinished(bits int, method string) *collect.Item {
	n := nat.FromBig(new(big.Int).Lsh(big.NewInt(1), uint(bits-1)))
	item := &collect.Item{N: n}
	item.Factors, item.Method = []task.Factor{{P: nat.New(3), Exp: 1, Status: task.Prime}, {P: n, Exp: 1, Status: task.Composite}}, method
	return item
}

// TestDescribeUnfinished: the message names the time that the hardest number takes, and a budget that suffices.
func TestDescribeUnfinished(t *testing.T) {
	takes, _ := plan.SieveTime(250)
	rough := text.Rough(takes)
	most, _ := plan.SieveTime(350)
	for _, test := range []struct {
		bits   []int
		method string
		budget time.Duration
		want   string
	}{
		{[]int{200, 250, 130}, "", time.Second, "; the hardest takes about " + rough + " of CPU time: use --budget " + atLeast(3*takes) + ", or none"},
		{[]int{250}, "", 100 * time.Hour, "; the hardest takes about " + rough + " of CPU time: use --budget 12000m, or none"},
		{[]int{250}, "", 0, ", although the hardest takes about " + rough + " of CPU time; a larger --budget may help"},
		{[]int{250, 350}, "", 0, "; the hardest takes about " + text.Rough(most) + " of CPU time: use --budget " + atLeast(3*most)},
		{[]int{250, 350}, "", 100 * time.Hour, "; the hardest takes about " + text.Rough(most) + " of CPU time: use --budget 12000m"},
		{[]int{250, 360}, "", time.Second, "; a larger --budget may help"},
		{nil, "", time.Second, "; a larger --budget may help"},
		{[]int{250}, "unfinished after ecm(B1=2000,B2=200000,curves=8); the sieve needs 60 MB of memory, the limit is 5", time.Second,
			": the workers have too little memory for the sieve"},
	} {
		var u unfinishedSum
		for _, bits := range test.bits {
			u.add(unfinished(bits, test.method))
		}
		u.add(&collect.Item{N: nat.New(7)})
		got, ok := strings.CutPrefix(u.describe(3, test.budget), "3 numbers could not be factored completely within the budget")
		if !ok || got != test.want {
			t.Errorf("%v: %q, want %q", test.bits, got, test.want)
		}
	}
	var u unfinishedSum
	u.add(unfinished(250, ""))
	for budget, want := range map[time.Duration]string{0: atLeast(max(3*takes, 20*time.Minute)), time.Hour: "120m", time.Second: atLeast(max(3*takes, 10*time.Second))} {
		if got := u.next(budget); got != want {
			t.Errorf("after %v: %s, want %s", budget, got, want)
		}
	}
	u.add(unfinished(400, ""))
	if got := u.next(time.Hour); got != "120m" {
		t.Errorf("one of no known time: %s", got)
	}
	for d, want := range map[time.Duration]string{time.Millisecond: "1s", 36 * time.Second: "36s", 119500 * time.Millisecond: "120s", 121 * time.Second: "3m"} {
		if got := atLeast(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}
