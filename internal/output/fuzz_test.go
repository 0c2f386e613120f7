package output

import (
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// FuzzRoundTrip writes a record in every format and checks that Parse returns everything that the
// format carries. A factor in data is three bytes for length, exponent and whether it is unfinished,
// then its own bytes.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte{1, 3, 0, 2, 1, 2, 0, 3, 1, 1, 0, 5}, uint64(7), "rho", "lab3", "", int64(1500000), uint32(1), uint8(0))
	f.Add([]byte{1, 1, 0, 2, 9, 2, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9}, uint64(0), `a,"b`, "x", "", int64(1), uint32(3), uint8(2))
	f.Add([]byte{9, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 8}, uint64(0), "\x00\xff\u2028\\", "x", "", int64(1<<62-1), uint32(3), uint8(0))
	f.Add([]byte{2, 1, 0, 2, 3}, uint64(1), "", "", "", int64(0), uint32(0), uint8(1))
	f.Add([]byte{2, 1, 0, 2, 3}, uint64(1), "", "", "killed", int64(0), uint32(0), uint8(0))
	f.Add([]byte{}, uint64(1), "", "", "", int64(0), uint32(0), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, position uint64, method, worker, dead string, cpu int64, attempt uint32, kind uint8) {
		r := Record{Position: position, Kind: task.KindFactor, Worker: worker, Attempt: attempt, Dead: dead}
		r.Method, r.CPU, r.Wall = method, time.Duration(min(max(cpu, 0), 1<<62)), time.Duration(max(cpu, 0)/2)
		n, unfinished := big.NewInt(1), 0
		for len(data) >= 3 && len(r.Factors) < 10 {
			size, exp, status := min(int(data[0]%30), len(data)-3), uint32(data[1]%5)+1, task.Status(0)
			p := new(big.Int).SetBytes(data[3 : 3+size])
			c := data[2]&1 == 1
			data = data[3+size:]
			if p.Cmp(big.NewInt(2)) < 0 || slices.ContainsFunc(r.Factors, func(f task.Factor) bool { return f.P.Big().Cmp(p) == 0 }) {
				continue
			}
			n.Mul(n, new(big.Int).Exp(p, big.NewInt(int64(exp)), nil))
			if status = sizeStatus(nat.FromBig(p)); c {
				status = task.Composite
				unfinished++
			}
			r.Factors = append(r.Factors, task.Factor{P: nat.FromBig(p), Exp: exp, Status: status})
		}
		if kind&2 == 2 {
			r.Expr = worker + method
		}
		slices.SortFunc(r.Factors, func(a, b task.Factor) int { return a.P.Cmp(b.P) })
		if r.N = nat.FromBig(new(big.Int).Set(n)); kind&1 == 1 {
			r.Kind, unfinished = task.KindSquare, 0
			r.Factors = []task.Factor{{P: nat.FromBig(n.Mul(n, n)), Exp: 1, Status: task.Value}}
		}
		if cpu > 0 {
			r.Source, r.Effort = sourceOf(position, attempt), float64(attempt%1000)/10
		}
		if dead != "" {
			r.Kind, r.Factors, unfinished = task.KindFactor, nil, 0
		}
		for format, text := range lines(&r) {
			var got []Record
			for line, err := range Parse(strings.NewReader(text)) {
				if err != nil {
					t.Fatalf("%s: %v in %q", format, err, text)
				}
				got = append(got, line.Record)
			}
			want := carried(r, format)
			if want == nil {
				if len(got) != 0 {
					t.Errorf("%s: %q for a dead number", format, text)
				}
				continue
			}
			if strings.HasPrefix(format, "factor short") {
				if unfinished > 1 { // they become one
					left, product := big.NewInt(1), big.NewInt(1)
					for _, f := range got[0].Factors {
						product.Mul(product, left.Exp(f.P.Big(), big.NewInt(int64(f.Exp)), nil))
					}
					if product.Cmp(r.N.Big()) != 0 {
						t.Errorf("%s: %q is not the product of %v", format, text, got[0].Factors)
					}
					want.Factors = got[0].Factors
				}
			}
			if len(got) != 1 || !same(&got[0], want) {
				t.Errorf("%s: %q is read as %+v, want %+v", format, text, got, want)
			}
		}
	})
}

// carried returns the part of r that a format carries, nil if it has no line for r.
func carried(r Record, format string) *Record {
	switch format {
	case "json":
		r.Method, r.Worker, r.Dead, r.Expr = string([]rune(r.Method)), string([]rune(r.Worker)), string([]rune(r.Dead)), string([]rune(r.Expr))
		return &r
	case "csv":
		r.Method, r.Worker, r.Attempt, r.Source = printable(r.Method), printable(r.Worker), 0, task.Source{}
		r.Effort = 0
		if r.Dead != "" {
			r.Dead = gaveUp
		}
	default:
		if r.Dead != "" {
			return nil
		}
		r.Position, r.Method, r.Worker, r.Attempt, r.CPU, r.Wall, r.Effort = 0, "", "", 0, 0, 0, 0
		r.Source = task.Source{}
	}
	r.Expr = ""
	return &r
}

func same(a, b *Record) bool {
	return a.Position == b.Position && a.N.Cmp(b.N) == 0 && a.Kind == b.Kind && sameFactors(a.Factors, b.Factors) &&
		a.Method == b.Method && a.CPU == b.CPU && a.Wall == b.Wall && a.Effort == b.Effort && a.Worker == b.Worker && a.Attempt == b.Attempt && a.Dead == b.Dead &&
		a.Expr == b.Expr && slices.Equal(a.Certificates, b.Certificates) && a.Source == b.Source
}

// FuzzParse checks that no text makes Parse panic, and that a parsed record survives being written as
// json and parsed again.
func FuzzParse(f *testing.F) {
	for i := range records {
		for _, text := range lines(&records[i].record) {
			f.Add(text)
		}
	}
	f.Add("360: 2 5 c4…(1) c9…(1)\n[7,Mat([7,1])]\n[0, Mat([0, 1])]\r\n\n7=7#x\n")
	f.Fuzz(func(t *testing.T, text string) {
		for line, err := range Parse(strings.NewReader(text)) {
			if err != nil {
				continue
			}
			once := write(&line.Record, JSON, false)
			for again, err := range Parse(strings.NewReader(once)) {
				if err != nil || !same(&again.Record, &line.Record) {
					t.Errorf("%q is read as %+v, written as %q, and read as %+v, %v", text, line, once, again, err)
				}
			}
		}
	})
}
