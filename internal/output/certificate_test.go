package output

import (
	"slices"
	"strings"
	"testing"

	"factorfleet/internal/task"
)

// TestCertificates: a proved prime of 2^64 or more is P; json carries its certificate, of
// the other formats it is read as PRP.
func TestCertificates(t *testing.T) {
	const text = m89 + " +2:1"
	prime, product := factored(m89, m89), factored("7*"+m89, "7*"+m89)
	prime.Factors[0].Status, prime.Certificates = task.Prime, []string{text}
	product.Factors[1].Status, product.Certificates = task.Prime, []string{"", text}
	for _, test := range []struct {
		record Record
		json   string
		csv    string
	}{
		{prime, `"status":"P","factors":[{"p":"` + m89 + `","e":1,"st":"P","cert":"` + text + `"}]`, "," + m89 + ",P," + m89 + ","},
		{product, `"status":"FF","factors":[{"p":"7","e":1,"st":"P"},{"p":"` + m89 + `","e":1,"st":"P","cert":"` + text + `"}]`, ",FF,7*" + m89 + ","},
	} {
		all := lines(&test.record)
		if !strings.Contains(all["json"], test.json) {
			t.Errorf("json: %s", all["json"])
		}
		if !strings.Contains(all["csv"], test.csv) {
			t.Errorf("csv: %s", all["csv"])
		}
		for format, line := range all {
			for got, err := range Parse(strings.NewReader(line)) {
				if err != nil {
					t.Errorf("%s: %v", format, err)
					continue
				}
				last := len(got.Factors) - 1
				want, certificates := task.PRP, []string(nil)
				if format == "json" {
					want, certificates = task.Prime, test.record.Certificates
				}
				if got.Factors[last].Status != want || !slices.Equal(got.Certificates, certificates) {
					t.Errorf("%s: read as %+v", format, got)
				}
			}
		}
	}
	// A status that the factors do not have is refused as before.
	for line, err := range Parse(strings.NewReader("0," + m89 + ",FF," + m89 + ",,0,\n")) {
		if err == nil {
			t.Errorf("read as %+v", line)
		}
	}
}
