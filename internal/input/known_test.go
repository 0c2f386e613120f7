package input

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// readKnown reads all numbers of a source, with their known factors, and returns them and the reports.
func readKnown(t testing.TB, source Source, size int) (got []string, bad []string) {
	t.Helper()
	r := New(func(b task.BadToken) { bad = append(bad, Describe(b)) }, source)
	dst := make([]nat.Nat, size)
	for {
		n, err := r.Read(dst)
		known := r.Known()
		for i, x := range dst[:n] {
			got = append(got, fmt.Sprint(x, task.FactorsAt(known, i)))
		}
		if !slices.IsSortedFunc(known, func(a, b task.Known) int { return a.At - b.At }) || len(known) > n {
			t.Errorf("known factors of %d numbers: %v", n, known)
		}
		if err != nil {
			return got, bad
		}
	}
}

const (
	f7      = "340282366920938463463374607431768211457" // 2^128+1
	f7small = "59649589127497217"
	f7large = "5704689200685129054721"
)

// TestKnownFactors: numbers with factors, in a text and as arguments, read in pieces of any size.
func TestKnownFactors(t *testing.T) {
	square := new(big.Int).Exp(big.NewInt(1_000_003), big.NewInt(6), nil).String()
	for _, test := range []struct{ text, want, why string }{
		{f7 + "=" + f7small, f7 + " [" + f7small + "]", ""},
		{f7 + "=" + f7small + "*" + f7large, f7 + " [" + f7small + "]", ""}, // division gives the other one
		{f7 + "=" + f7large + "*" + f7small, f7 + " [" + f7small + "]", ""},
		{f7 + "=" + f7large, f7 + " [" + f7large + "]", ""},
		{f7 + "=" + f7, f7 + " []", ""},
		{"+00" + f7 + "=00" + f7small, f7 + " [" + f7small + "]", ""},
		{square + "=1000003^2*1000006000009^2", square + " [1000003]", ""}, // a composite one
		{square + "=1000003^6", square + " []", ""},
		{square + "=1000003*1000003", square + " [1000003]", ""},
		{"360=2^3*3^2*5", "360 []", ""},
		{"360=10", "360 []", ""},
		{"0=0", "0 []", ""},
		{"1=1", "1 []", ""},
		{"0=2", "", whyDivides},
		{"360=7", "", whyDivides},
		{"360=2^4", "", whyDivides},
		{"360=2*2*2*2", "", whyDivides},
		{f7 + "=" + f7small + "^2", "", whyDivides},
		{"360=1", "", whyUnitFound},
		{"360=0", "", whyUnitFound},
		{"360=", "", whyFactor},
		{"360=2*", "", whyFactor},
		{"360=2**3", "", whyFactor},
		{"360=2^", "", whyFactor},
		{"360=2^0", "", whyFactor},
		{"360=2^-1", "", whyFactor},
		{"360=2^+1", "", whyFactor},
		{"360=2^99999999", "", whyFactor},
		{"360=2=3", "", whyFactor},
		{"360=-2", "", whyFactor},
		{"360=x", "", whyFactor},
		{"=360", "", whyNoNumber},
		{"+=360", "", "column 2: "},
		{"3x=360", "", "column 2: "},
		{"2^128+1=" + f7small, f7 + " [" + f7small + "]", ""},
		{"(2^127-1)*2+1=7", "", whyDivides},
		{strings.Repeat("0", maxRaw) + f7 + "=" + f7small + "*" + f7large, f7 + " [" + f7small + "]", ""}, // more than raw keeps
		{"360=" + strings.Repeat("1", task.MaxDigits+1), "", whyDivides},
		{"360=" + strings.Repeat("1", maxKnownText+1), "", whyLongList},
		{"360=2" + strings.Repeat("*2", maxKnownText), "", whyLongList},
	} {
		want, wantBad := "7 [] 8 []", ""
		if test.why == "" {
			want = "7 [] " + test.want + " 8 []"
		} else {
			wantBad = test.why
		}
		for _, size := range []int{1, 2, 100} {
			for name, source := range map[string]Source{
				"text":    From("x", strings.NewReader("7\n"+test.text+"\n8")),
				"bytes":   From("x", iotest.OneByteReader(strings.NewReader("7\n"+test.text+" 8"))),
				"args":    Args([]string{"7", test.text, "8"}),
				"at once": From("x", iotest.DataErrReader(strings.NewReader("7\n"+test.text+"\n8"))),
			} {
				got, bad := readKnown(t, source, size)
				if strings.Join(got, " ") != want || len(bad) > 1 || strings.Join(bad, "") == "" != (wantBad == "") || !strings.Contains(strings.Join(bad, ""), wantBad) {
					t.Errorf("%s, %d at a time: %.80q is read as %v, %v, want %q, %q", name, size, test.text, got, bad, want, wantBad)
				}
			}
		}
	}
	if _, err := ParseRange("1:9=3"); err == nil {
		t.Error("a range has known factors")
	}
}

// TestKnownAreBounded: of many factors the largest ones are kept.
func TestKnownAreBounded(t *testing.T) {
	n, list := big.NewInt(1), ""
	for p, count := uint64(leastKnown+1), 0; count < task.MaxKnown+10; p += 2 {
		if x := new(big.Int).SetUint64(p); x.ProbablyPrime(0) {
			n.Mul(n, x)
			list += "*" + x.String()
			count++
		}
	}
	factors, why := knownFactors(nat.FromBig(n), []byte(list[1:]))
	if why != "" || len(factors) != task.MaxKnown || !slices.IsSortedFunc(factors, nat.Nat.Cmp) {
		t.Errorf("%d factors, %q", len(factors), why)
	}
}

func TestNumbersSource(t *testing.T) {
	list := []Number{{N: nat.New(6)}, {N: nat.New(10), Known: []nat.Nat{nat.New(5)}}, {N: nat.New(15), Known: []nat.Nat{nat.New(3)}}}
	for _, size := range []int{1, 2, 3, 10} {
		if got, bad := readKnown(t, Numbers(list), size); strings.Join(got, " ") != "6 [] 10 [5] 15 [3]" || bad != nil {
			t.Errorf("%d at a time: %v, %v", size, got, bad)
		}
	}
	if got, _ := readKnown(t, Numbers(nil), 1); got != nil {
		t.Errorf("an empty list: %v", got)
	}
}

// FuzzKnown: whatever text follows, factors that are kept divide the number, and no text makes the reader fail.
func FuzzKnown(f *testing.F) {
	f.Add(f7 + "=" + f7small + "*" + f7large)
	f.Add("360=2^3*3^2*5")
	f.Add("1=1 0=0 7==7 8=2^3\x00")
	f.Fuzz(func(t *testing.T, text string) {
		r := New(func(task.BadToken) {}, From("x", strings.NewReader(text)))
		dst := make([]nat.Nat, 3)
		for {
			n, err := r.Read(dst)
			for _, k := range r.Known() {
				if k.At < 0 || k.At >= n || len(k.Factors) == 0 || len(k.Factors) > task.MaxKnown {
					t.Fatalf("%q: known %v of %d numbers", text, k, n)
				}
				for _, p := range k.Factors {
					if p.Cmp(dst[k.At]) >= 0 || p.BitLen() <= 16 || new(big.Int).Rem(dst[k.At].Big(), p.Big()).Sign() != 0 {
						t.Fatalf("%q: %v is kept as a factor of %v", text, p, dst[k.At])
					}
				}
			}
			if err != nil {
				return
			}
		}
	})
}
