package command

import (
	"bytes"
	"cmp"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/collect"
	"factorfleet/internal/nat"
	"factorfleet/internal/output"
	"factorfleet/internal/task"
)

// sorterOf returns the sorter of a command line.
func sorterOf(t *testing.T, f output.Format, args ...string) (s *sorter, err error) {
	t.Helper()
	app := &ucli.App{Flags: append(SelectionFlags(), OutputFlags()...), Action: func(c *ucli.Context) (_ error) {
		s, err = newSorter(c, f)
		return nil
	}}
	if e := app.Run(append([]string{"results"}, args...)); e != nil {
		t.Fatal(e)
	}
	return s, err
}

// TestSort: the order of answers by each key; with equal keys it is that of the input.
func TestSort(t *testing.T) {
	prime := func(position uint64, n *big.Int, cpu time.Duration) *collect.Item {
		p := nat.FromBig(n)
		return &collect.Item{Position: position, N: p, Kind: task.KindFactor, Factorization: task.Factorization{
			CPU: cpu, Factors: []task.Factor{{P: p, Exp: 1, Status: task.PRP}},
		}}
	}
	huge := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 127), big.NewInt(1))
	items := []*collect.Item{
		prime(3, big.NewInt(97), time.Second), prime(0, big.NewInt(11), time.Second), prime(2, huge, time.Minute),
		prime(1, big.NewInt(13), 0), prime(4, big.NewInt(11), time.Hour),
	}
	for _, test := range []struct {
		by     string
		format output.Format
		want   string
	}{
		{"time", output.Factor, "11: 11/" + huge.String() + ": " + huge.String() + "/11: 11/97: 97/13: 13/"},
		{"size", output.Factor, huge.String() + ": " + huge.String() + "/97: 97/13: 13/11: 11/11: 11/"},
		{"size", output.CSV, "2," + huge.String() + ",PRP"},
	} {
		s, err := sorterOf(t, test.format, "--sort", test.by)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		for _, item := range items {
			err = cmp.Or(err, s.add(item))
		}
		err = cmp.Or(err, s.writeTo(&out))
		if got := strings.ReplaceAll(out.String(), "\n", "/"); err != nil || !strings.HasPrefix(got, test.want) || test.format == output.Factor && got != test.want {
			t.Errorf("by %s: %s, %v, want %s", test.by, got, err, test.want)
		}
	}
	for _, args := range [][]string{nil, {"--sort", "index"}} {
		if s, err := sorterOf(t, output.Factor, args...); s != nil || err != nil {
			t.Errorf("%v: %v, %v", args, s, err)
		}
	}
	if _, err := sorterOf(t, output.Factor, "--sort", "worker"); cli.Code(err) != cli.Usage {
		t.Errorf("an unknown order: %v", err)
	}
	s, _ := sorterOf(t, output.Factor, "--sort", "size")
	s.most = 300
	if err := cmp.Or(s.add(items[0]), s.add(items[1]), s.add(items[2])); !errors.Is(err, errSorted) {
		t.Errorf("more than fits into memory: %v", err)
	}
}
