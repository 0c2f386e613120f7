package output

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"factorfleet/internal/task"
)

func TestParse(t *testing.T) {
	for _, test := range []struct{ line, n, factors string }{
		{"360: 2 2 2 3 3 5", "360", "2^3*3^2*5"},
		{"360: 2^2 2 3^2 5\r", "360", "2^3*3^2*5"},
		{"360: 5 3 3 2 2 2", "360", "5*3^2*2^3"}, // the order is kept
		{"7:", "7", ""},
		{"9999999999999999999: 9999999999999999999", "9999999999999999999", "9999999999999999999"},
		{"99999999999999999999: 99999999999999999999", "99999999999999999999", "99999999999999999999"},
		{`{"v":1,"n":"7","status":"P","method":"` + strings.Repeat("long", 50000) + `","factors":[{"p":"7","e":1,"st":"P"}]}`, "7", "7"},
		{"  360=2*2*2*3^2*5  ", "360", "2^3*3^2*5"},
		{"360=2^3*45 # a comment", "360", "2^3*45"},
		{"360=2^3*45 # unfinished: c45…(2)", "360", "2^3*c45"},
		{"360: 2 2 2 c45", "360", "2^3*c45"},
		{"360: 2 5 c6^2", "360", "2*5*c6^2"},
		{"360: 2 5 c6 c6", "360", "2*5*c6^2"},
		{"360: 2 5 c4 c9", "360", "2*c4*5*c9"},
		{"360: 2 5 c4 c9…(1)", "360", "2*c4*5*c9"},
		{"[360,[2,3;45,1],[45]]", "360", "2^3*c45"},
		{"[360, [2, 3; 45, 1], [45]] \\\\ unfinished: c45…(2)", "360", "2^3*c45"},
		{"[360,[2,3;45,1]] \\\\ unfinished: c45…(2)", "360", "2^3*c45"},
		{"[36,Mat([6,2]),[6]]", "36", "c6^2"},
		{"[360,[10,1;4,1;9,1],[4,9]]", "360", "c4*c9*10"},
		{"[360, [2, 3; 3, 2; 5, 1]]", "360", "2^3*3^2*5"},
		{"[7, Mat([7, 1])]", "7", "7"},
		{"[1, matrix(0,2)]", "1", ""},
		{"[0, Mat([0, 1])]", "0", ""},
		{"360: 2 2 2 c45…(2)", "360", "2^3*c45"},
		{"360: 2 5 c36…(2)", "360", "2*5*c36"},
		{"360: 2 5 c6…(1)^2", "360", "2*5*c6^2"},
		{"360: 2 5 c6…(1) c6…(1)", "360", "2*5*c6^2"},
		{"360: 2 5 c4…(1) c9…(1)", "360", "2*5*c36"},
		{number(c30+"*"+c30b).String() + ": c100…(30) c100…(30)", c30 + "*" + c30b, "c" + number(c30+"*"+c30b).String()},
		{number(c30+"*"+c40).String() + ": c100…(30) c123…(40)", c30 + "*" + c40, "c" + number(c30+"*"+c40).String()},
		{number("2^16383").String() + ": 2^16383", "2^16383", "2^16383"},
		{number("2^16383").String() + ":" + strings.Repeat(" 2", 16383), "2^16383", "2^16383"},
		{"4,360,FF,2^3*3^2*5,\"a \"\"b\"\", c\",0.5,w", "360", "2^3*3^2*5"},
		{"4,360,FF,2^3*3^2*5,\"a \"\"b\"\", c\",0.5,w,", "360", "2^3*3^2*5"},
		{"4,360,FF,2^3*3^2*5,\"a \"\"b\"\", c\",0.5,w,1.5", "360", "2^3*3^2*5"},
		{`{"n":"6","v":1,"status":"FF","new":[{}],"factors":[{"p":"2","e":1,"st":"P"},{"e":1,"p":"3","st":"P"}]}`, "6", "2*3"},
	} {
		want := factored(test.n, test.factors)
		for line, err := range Parse(strings.NewReader("\n" + csvHeader + "\n\n" + test.line)) {
			if err != nil || line.Number != 4 || line.N.Cmp(want.N) != 0 || line.Kind != want.Kind || !sameFactors(line.Factors, want.Factors) {
				t.Errorf("%.100s: line %d, %v = %v, %v", test.line, line.Number, line.N, line.Factors, err)
			}
		}
	}
}

func sameFactors(a, b []task.Factor) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].P.Cmp(b[i].P) != 0 || a[i].Exp != b[i].Exp || a[i].Status != b[i].Status {
			return false
		}
	}
	return true
}

func TestParseErrors(t *testing.T) {
	long := strings.Repeat("9", 5000)
	for _, test := range []struct {
		line string
		want error // nil = any
	}{
		{"hello", errFormat}, {"360", errFormat}, {"360 2 2", errFormat}, {"-5: 5", errFormat}, {":", errFormat}, {"[", errFormat}, {"[1]", errFormat},
		{"[360,[2]]", errFormat}, {"360^3=1", errFormat},
		{long + ": 2", errNumber}, {long + "=2", errNumber}, {"[x,1]", errNumber}, {"[,1]", errNumber},
		{"6: 2 x", errFactor}, {"6: 2 -3", errFactor}, {"6: 2 " + long + long, errFactor}, {"6=", errFactor}, {"6=2**3", errFactor}, {"[6,[2,1;x,1]]", errFactor},
		{"6: 2^ 3", errExponent}, {"6: 2^-1 3", errExponent}, {"6: 2^4294967296 3", errExponent}, {"6: 2^4294967295 2^4294967295", errExponent}, {"[6,[2,1;3,x]]", errExponent},
		{"6: c", errUnfinished}, {"6: cx", errUnfinished}, {"6: c6^0", errUnfinished}, {"6: c6^x", errExponent}, {"[6,[6,1],[2]]", errUnfinished}, {"[6,[2,1;3,1],[2]]", errUnfinished}, {"[6,[2,1;3,1],[]]", errUnfinished}, {"[6,[2,1;3,1],[1,2,3]]", errUnfinished}, {"[6,[2,1;3,1],[3]", errFactor}, {"6: c6…(", errUnfinished}, {"6: c6…(2)", errUnfinished}, {"6: c6…(1)^0", errUnfinished}, {"6: cx…(1)", errUnfinished}, {"6: 2 c2…(1)", errUnfinished},
		{"6: 2 3 c1…(1)", errUnfinished}, {"360: c123…(3)", errUnfinished}, {"360: 2 c18…(3)", errUnfinished}, {"360: c4…(1) c9…(1)", errUnfinished}, {"6: c6…(1)^4294967295", errUnfinished}, {"36: c400…(3) c900…(3)", errUnfinished},
		{"6=2*3 # unfinished: a b c", errUnfinished}, {"6: c6…(99999)", errUnfinished}, {"6: c600…(9866)", errUnfinished},
		{"360: 7 c51…(2)", errLeft}, {"360: 0 c36…(2)", errLeft}, {"360: 2^4294967295 c45…(2)", errLeft}, {"360: 1^4294967295 c36…(2)", errLeft},
		{"{", nil}, {"{}", errVersion}, {`{"v":2,"n":"6"}`, errVersion}, {`{"v":1}`, errNumber}, {`{"v":1,"n":6}`, nil}, {`{"v":1,"n":"1","status":"FF"}`, errStatus},
		{`{"v":1,"n":"6","status":"FF","factors":[{"p":"2","e":1,"st":"X"}]}`, errStatus}, {`{"v":1,"n":"6","status":"FF","factors":[{"p":"x","e":1,"st":"P"}]}`, errFactor},
		{`{"v":1,"n":"6","status":"FF","factors":[{"p":"2","e":-1,"st":"P"}]}`, nil}, {`{"v":1,"n":"1","status":"Unit","cpu_s":-1}`, errSeconds},
		{`{"v":1,"n":"1","status":"Unit","wall_s":-1}`, errSeconds}, {"0,1,Unit,,,0,w,x", errSeconds}, {"0,1,Unit,,,0,w,1,", errColumns},
		{"0,6", errColumns}, {"0,6,FF,2*3,,,,,", errColumns}, {`0,6,FF,2*3,",,`, errColumns}, {`0,6,FF,2*3,"a"b,,`, errColumns}, {"0,6,P,2*3,,,", errStatus},
		{"0,6,FF,2*3,,x,", errSeconds}, {"0,6,CF,c2*3,,,", errUnfinished}, {"0,,FF,2*3,,,", errNumber}, {"99999999999999999999,6,FF,2*3,,,", errColumns},
		{strings.Repeat("1", maxLine+1), errLong}, {"6: " + strings.Repeat("2 ", 3*maxLine), errLong},
	} {
		var got []string
		for line, err := range Parse(strings.NewReader("6: 2 3\n" + test.line + "\n10: 2 5\n")) {
			var syntax *SyntaxError
			switch {
			case err == nil:
				got = append(got, line.N.String())
			case !errors.As(err, &syntax) || syntax.Line != 2 || test.want != nil && syntax.Why != test.want.Error():
				t.Errorf("%.100s: %v, want line 2: %v", test.line, err, test.want)
			}
		}
		if fmt.Sprint(got) != "[6 10]" {
			t.Errorf("%.100s: numbers %v, want the neighbours only", test.line, got)
		}
	}
}

func TestParseReadError(t *testing.T) {
	var got []string
	for line, err := range Parse(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("6: 2 3\n")))) {
		got = append(got, line.N.String(), fmt.Sprint(err))
	}
	if fmt.Sprint(got) != "[0 timeout]" {
		t.Errorf("got %v, want an error alone", got)
	}
}

func BenchmarkParse(b *testing.B) {
	r := factored("2^3*3*1000003*4294967291", "2^3*3*1000003*4294967291")
	for _, f := range []Format{Factor, JSON, CSV, FactorDB, PARI} {
		b.Run(string(f), func(b *testing.B) {
			text := strings.Repeat(write(&r, f, false), b.N)
			b.ReportAllocs()
			b.ResetTimer()
			for _, err := range Parse(strings.NewReader(text)) {
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
