package output

import (
	"bytes"
	"io"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// number parses a product of powers such as "2^64*3^2".
func number(s string) nat.Nat {
	x := big.NewInt(1)
	for part := range strings.SplitSeq(s, "*") {
		base, exp, _ := strings.Cut(part, "^")
		b, ok := new(big.Int).SetString(base, 10)
		if !ok {
			panic(s)
		}
		e, _ := strconv.ParseInt("0"+exp, 10, 64)
		x.Mul(x, b.Exp(b, big.NewInt(max(1, e)), nil))
	}
	return nat.FromBig(x)
}

// factors parses a product of powers; those after the "c" are unfinished.
func factors(s string) (list []task.Factor) {
	if s == "" {
		return nil
	}
	for part := range strings.SplitSeq(s, "*") {
		part, c := strings.CutPrefix(part, "c")
		base, exp, _ := strings.Cut(part, "^")
		e, _ := strconv.ParseUint("0"+exp, 10, 32)
		p := number(base)
		status := sizeStatus(p)
		if c {
			status = task.Composite
		}
		list = append(list, task.Factor{P: p, Exp: uint32(max(1, e)), Status: status})
	}
	return list
}

func factored(n, f string) Record {
	return Record{N: number(n), Kind: task.KindFactor, Factorization: task.Factorization{Factors: factors(f)}}
}

const (
	m89   = "618970019642690137449562111"                        // a prime
	c30   = "100000000000000000000000000057"                     // called composite here
	c30b  = "100000000000000000000000000099"                     // with the same abbreviation
	c40   = "1234567890123456789012345678901234567891"           // with another one
	psize = "37975227936943673922808872755445627854565536638199" // 50 digits
)

var records = []struct {
	record                                 Record
	factor, exponents, csv, factordb, pari string
	json                                   string // from status on, to the method
}{
	{factored("0", ""), "0:", "0:", "0,Zero,", "0=0", "[0,Mat([0,1])]", `"Zero","factors":[]`},
	{factored("1", ""), "1:", "1:", "1,Unit,", "1=1", "[1,matrix(0,2)]", `"Unit","factors":[]`},
	{factored("7", "7"), "7: 7", "7: 7", "7,P,7", "7=7", "[7,Mat([7,1])]", `"P","factors":[{"p":"7","e":1,"st":"P"}]`},
	{factored("49", "7^2"), "49: 7 7", "49: 7^2", "49,FF,7^2", "49=7^2", "[49,Mat([7,2])]", `"FF","factors":[{"p":"7","e":2,"st":"P"}]`},
	{factored("360", "2^3*3^2*5"), "360: 2 2 2 3 3 5", "360: 2^3 3^2 5", "360,FF,2^3*3^2*5", "360=2^3*3^2*5", "[360,[2,3;3,2;5,1]]",
		`"FF","factors":[{"p":"2","e":3,"st":"P"},{"p":"3","e":2,"st":"P"},{"p":"5","e":1,"st":"P"}]`},
	{factored(m89, m89), m89 + ": " + m89, m89 + ": " + m89, m89 + ",PRP," + m89, m89 + "=" + m89, "[" + m89 + ",Mat([" + m89 + ",1])]",
		`"PRP","factors":[{"p":"` + m89 + `","e":1,"st":"PRP"}]`},
	{factored(c30, "c"+c30), c30 + ": c" + c30, c30 + ": c" + c30, c30 + ",C,c" + c30, c30 + "=" + c30 + " # unfinished: c100…(30)",
		"[" + c30 + ",Mat([" + c30 + ",1]),[" + c30 + `]] \\ unfinished: c100…(30)`, `"C","factors":[{"p":"` + c30 + `","e":1,"st":"C"}]`},
	{factored("2^2*"+c30+"^2*"+psize, "2^2*c"+c30+"^2*"+psize),
		"N: 2 2 " + psize + " c" + c30 + " c" + c30, "N: 2^2 " + psize + " c" + c30 + "^2", "N,CF,2^2*" + psize + "*c" + c30 + "^2",
		"N=2^2*" + psize + "*" + c30 + "^2 # unfinished: c100…(30)", "[N,[2,2;" + psize + ",1;" + c30 + ",2],[" + c30 + `]] \\ unfinished: c100…(30)`,
		`"CF","factors":[{"p":"2","e":2,"st":"P"},{"p":"` + c30 + `","e":2,"st":"C"},{"p":"` + psize + `","e":1,"st":"PRP"}]`},
	{Record{N: nat.New(12), Kind: task.KindSquare, Factorization: task.Factorization{Factors: []task.Factor{{P: nat.New(144), Exp: 1, Status: task.Value}}}},
		"12: 144", "12: 144", "12,V,144", "12^2=144", "[12,144]", `"V","value":"144","factors":[]`},
	{Record{N: nat.New(1), Kind: task.KindSquare, Factorization: task.Factorization{Factors: []task.Factor{{P: nat.New(1), Exp: 1, Status: task.Value}}}},
		"1: 1", "1: 1", "1,V,1", "1^2=1", "[1,1]", `"V","value":"1","factors":[]`},
	{Record{N: nat.New(0), Kind: task.KindSquare, Factorization: task.Factorization{Factors: []task.Factor{{Exp: 1, Status: task.Value}}}},
		"0: 0", "0: 0", "0,V,0", "0^2=0", "[0,0]", `"V","value":"0","factors":[]`},
}

// lines returns what test's record looks like in each format.
func lines(r *Record) map[string]string {
	text := make(map[string]string)
	for _, f := range []Format{Factor, JSON, CSV, FactorDB, PARI} {
		text[string(f)] = write(r, f, false)
	}
	text["factor -e"] = write(r, Factor, true)
	text["factor short"], text["factor short -e"] = writeShort(r, false), writeShort(r, true)
	return text
}

func write(r *Record, f Format, exponents bool) string {
	var out bytes.Buffer
	w := New(&out, f, exponents)
	w.Write(r)
	w.Flush()
	return out.String()
}

// writeShort is write in format factor with Abbreviate.
func writeShort(r *Record, exponents bool) string {
	var out bytes.Buffer
	w := New(&out, Factor, exponents)
	w.Abbreviate()
	w.Write(r)
	w.Flush()
	return out.String()
}

// TestAbbreviate: for people unfinished factors are abbreviated, with exponents or repeated.
func TestAbbreviate(t *testing.T) {
	r := factored("2^2*"+c30+"^2*"+psize, "2^2*c"+c30+"^2*"+psize)
	n := r.N.String()
	if got, want := writeShort(&r, false), n+": 2 2 "+psize+" c100…(30) c100…(30)\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	if got, want := writeShort(&r, true), n+": 2^2 "+psize+" c100…(30)^2\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestWrite(t *testing.T) {
	for _, test := range records {
		r := test.record
		r.Position, r.Method, r.CPU, r.Wall, r.Worker, r.Attempt = 5, "siqs, k=3", 1_500_000, 2_000_000, "lab3", 2
		n := r.N.String()
		got := lines(&r)
		for format, want := range map[string]string{
			"factor": test.factor, "factor -e": test.exponents, "factordb": test.factordb, "pari": test.pari,
			"csv":  csvHeader + "\n5," + test.csv + `,"siqs, k=3",0.0015,lab3,0.002`,
			"json": `{"v":1,"i":5,"n":"` + n + `","status":` + test.json + `,"method":"siqs, k=3","cpu_s":0.0015,"wall_s":0.002,"worker":"lab3","attempt":2}`,
		} {
			if want = strings.ReplaceAll(want, "N", n) + "\n"; got[format] != want {
				t.Errorf("%s: got  %swant %s", format, got[format], want)
			}
		}
	}
}

func TestWriteDead(t *testing.T) {
	r := Record{Position: 3, N: nat.New(15), Dead: "killed \"it\"\x1b\n", Worker: "lab3", Attempt: 3}
	got := lines(&r)
	for format, want := range map[string]string{
		"factor": "", "factor -e": "", "factordb": "", "pari": "",
		"csv":  csvHeader + "\n3,15,DEAD,,,0,lab3,\n",
		"json": `{"v":1,"i":3,"n":"15","status":"DEAD","factors":[],"method":"","cpu_s":0,"worker":"lab3","attempt":3,"error":"killed \"it\"\u001b\u000a"}` + "\n",
	} {
		if got[format] != want {
			t.Errorf("%s: got  %swant %s", format, got[format], want)
		}
	}
}

func TestSeconds(t *testing.T) {
	for _, test := range []struct {
		d    time.Duration
		want string
	}{{0, "0"}, {1, "0.000000001"}, {1500 * time.Millisecond, "1.5"}, {time.Minute, "60"}, {1<<62 - 1, "4611686018.427387903"}} {
		text := string(appendSeconds(nil, test.d))
		if d, ok := parseSeconds(text); text != test.want || d != test.d || !ok {
			t.Errorf("%d ns: %s, read as %d, want %s", test.d, text, d, test.want)
		}
	}
	if text := string(appendSeconds(nil, -1)); text != "0" {
		t.Errorf("-1 ns: %s, want 0", text)
	}
	for text, want := range map[string]time.Duration{"1e-3": time.Millisecond, "0.1234567894": 123456789, "1e99": 1 << 62, "9999999999": 1 << 62, "7.": 7 * time.Second} {
		if d, ok := parseSeconds(text); d != want || !ok {
			t.Errorf("%s: %d, want %d", text, d, want)
		}
	}
	for _, text := range []string{"", "-1", "x", "NaN", "1.x", "1.-5"} {
		if d, ok := parseSeconds(text); ok {
			t.Errorf("%q is read as %d", text, d)
		}
	}
}

func TestParseFormat(t *testing.T) {
	for _, s := range []string{"factor", "json", "csv", "factordb", "pari"} {
		if f, err := ParseFormat(s); string(f) != s || err != nil {
			t.Errorf("ParseFormat(%q) = %q, %v", s, f, err)
		}
	}
	if f, err := ParseFormat("xml"); err == nil || !strings.Contains(err.Error(), `"xml" is not a format`) {
		t.Errorf("ParseFormat(xml) = %q, %v", f, err)
	}
}

// TestFlush checks that only complete lines are written, and that an error is returned by all later
// calls.
func TestFlush(t *testing.T) {
	var out bytes.Buffer
	w := New(&out, Factor, false)
	r := factored("360", "2^3*3^2*5")
	for range 10000 {
		w.Write(&r)
		if b := out.Bytes(); len(b) > 0 && b[len(b)-1] != '\n' {
			t.Fatal("an incomplete line is written")
		}
	}
	if err := w.Flush(); err != nil || out.Len() != 10000*len("360: 2 2 2 3 3 5\n") {
		t.Errorf("%d bytes, %v", out.Len(), err)
	}
	w = New(failing{}, Factor, false)
	w.Write(&r)
	if err := w.Flush(); err != io.ErrClosedPipe {
		t.Errorf("Flush: %v", err)
	}
	if err := w.Write(&r); err != io.ErrClosedPipe {
		t.Errorf("Write after an error: %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func BenchmarkWrite(b *testing.B) {
	r := factored("2^3*3*1000003*4294967291", "2^3*3*1000003*4294967291")
	r.Method, r.CPU, r.Worker = "rho", 12345, "lab3"
	for _, f := range []Format{Factor, JSON, CSV, FactorDB, PARI} {
		b.Run(string(f), func(b *testing.B) {
			w := New(io.Discard, f, false)
			b.ReportAllocs()
			for b.Loop() {
				w.Write(&r)
			}
		})
	}
}
