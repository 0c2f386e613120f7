package task

import (
	"math/big"
	"strings"
	"testing"

	"factorfleet/internal/nat"
)

var (
	n65 = nat.FromBig(new(big.Int).Lsh(big.NewInt(1), 64))
	n70 = nat.FromBig(new(big.Int).Lsh(big.NewInt(1), 69))
)

var certificateTexts = []struct {
	text string
	c    Certificate
}{
	{"590295810358705651712", Certificate{[]Step{{N: n70}}}},
	{"590295810358705651712 -3:2 -5:4294967295", Certificate{[]Step{{N: n70, Minus: []Witness{{nat.New(3), 2}, {nat.New(5), 1<<32 - 1}}}}}},
	{"590295810358705651712 -3:2 +2:1; 18446744073709551616 +7:9", Certificate{[]Step{
		{N: n70, Minus: []Witness{{nat.New(3), 2}}, Plus: []Witness{{nat.New(2), 1}}},
		{N: n65, Plus: []Witness{{nat.New(7), 9}}},
	}}},
}

func TestCertificateText(t *testing.T) {
	for _, test := range certificateTexts {
		text, err := test.c.Text()
		if err != nil || text != test.text {
			t.Errorf("written as %q, %v, want %q", text, err, test.text)
		}
		got, err := ParseCertificate(test.text)
		checkEqual(t, got, &test.c, err)
	}
}

// TestCertificateRefused: there is one text for a certificate, and no other is read.
func TestCertificateRefused(t *testing.T) {
	const n = "590295810358705651712"
	for why, text := range map[string]string{
		"empty":                  "",
		"no number":              "x -3:2",
		"0":                      "0",
		"1":                      "1",
		"a leading zero":         "0" + n,
		"a sign":                 "+" + n,
		"a negative number":      "-7",
		"an underscore":          "1_000",
		"a leading space":        " " + n,
		"a trailing space":       n + " ",
		"two spaces":             n + "  -3:2",
		"a tab":                  n + "\t-3:2",
		"a newline at the end":   n + " -3:2\n",
		"no space after ;":       n + " -3:2;7",
		"; at the end":           n + " -3:2; ",
		"; in front":             "; " + n,
		"no mark":                n + " 3:2",
		"no witness":             n + " -3",
		"an empty witness":       n + " -3:",
		"two witnesses":          n + " -3:2:2",
		"witness 0":              n + " -3:0",
		"a witness with a zero":  n + " -3:02",
		"a witness with a sign":  n + " -3:+2",
		"a witness of 2^32":      n + " -3:4294967296",
		"prime 1":                n + " -1:2",
		"a prime with a zero":    n + " -03:2",
		"primes that descend":    n + " -5:2 -3:2",
		"a prime twice":          n + " -3:2 -3:2",
		"n+1 before n-1":         n + " +3:2 -3:2",
		"steps that ascend":      "7 -3:2; " + n,
		"a step twice":           n + " -3:2; " + n + " -3:2",
		"too many digits":        strings.Repeat("9", 4934),
		"too many bits":          square.String()[:4933],
		"too long":               n + strings.Repeat(" ", MaxCertificate),
		"too many steps":         descending(maxSteps + 1),
		"too many primes":        n + ascending(maxWitnesses+1),
		"too much work":          longest.String() + ascending(maxPowers+1),
		"too much work with n+1": longest.String() + strings.ReplaceAll(ascending(maxPowers/lucasWeight+1), "-", "+"),
	} {
		if c, err := ParseCertificate(text); err == nil {
			t.Errorf("%s: %.100q is read as %+v", why, text, c)
		}
	}
	for why, text := range map[string]string{
		"as many steps as may be":        descending(maxSteps),
		"as many primes as may be":       n + ascending(maxWitnesses),
		"as much work as may be":         longest.String() + ascending(maxPowers),
		"as much work as may be for n+1": longest.String() + strings.ReplaceAll(ascending(maxPowers/lucasWeight), "-", "+"),
	} {
		if _, err := ParseCertificate(text); err != nil {
			t.Errorf("%s: %v", why, err)
		}
	}
}

// descending returns count steps without primes.
func descending(count int) string {
	var list []string
	for i := range count {
		list = append(list, nat.New(uint64(2*count-i)).String())
	}
	return strings.Join(list, "; ")
}

// ascending returns count primes of n-1.
func ascending(count int) string {
	var b strings.Builder
	for i := range count {
		b.WriteString(" -" + nat.New(uint64(i+2)).String() + ":1")
	}
	return b.String()
}

// TestCertificateTooLarge: Text refuses what ParseCertificate would refuse as too large.
func TestCertificateTooLarge(t *testing.T) {
	long := make([]Witness, 200)
	for i := range long {
		long[i] = Witness{nat.FromBig(new(big.Int).Lsh(big.NewInt(1), uint(1100+i))), 1}
	}
	for why, c := range map[string]Certificate{
		"no step":         {},
		"too many steps":  {make([]Step, maxSteps+1)},
		"too many primes": {[]Step{{N: n70, Plus: make([]Witness, maxWitnesses+1)}}},
		"too much work":   {[]Step{{N: longest, Minus: make([]Witness, maxPowers+1)}}},
		"too many bits":   {[]Step{{N: tooLong}}},
		"too long":        {[]Step{{N: n70, Minus: long}}},
	} {
		if text, err := c.Text(); err == nil {
			t.Errorf("%s: written as %.100q", why, text)
		}
	}
}
