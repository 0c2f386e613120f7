package output

import (
	"strings"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// sourceOf returns a source with everything that a line of format json carries.
func sourceOf(position uint64, attempt uint32) task.Source {
	began := time.UnixMilli(1_767_366_245_123).UTC()
	s := task.Source{
		Version: "0.3.1", Chunk: task.Range{First: position % task.MaxPosition / 2, Count: 43},
		Origin: task.Origin{Kernels: "avx2", Began: began, Ended: began.Add(1500 * time.Millisecond)},
		Stored: began.Add(time.Minute),
	}
	if attempt > 1 {
		s.Origin.Round = "mi2k0q4x"
	}
	return s
}

// TestSourceInJSON: a line of format json says where its answer comes from, as far as it is known. The other formats stay as
// they are.
func TestSourceInJSON(t *testing.T) {
	const known = `,"version":"0.3.1","kernels":"avx2","chunk":"43-43","round":"0",` +
		`"started":"2026-01-02T15:04:05.123Z","ended":"2026-01-02T15:04:06.623Z","stored":"2026-01-02T15:05:05.123Z"`
	stored := task.Source{Stored: time.UnixMilli(1_767_366_245_000)}
	again := sourceOf(0, 2)
	again.Origin.Kernels, again.Version, again.Origin.Began, again.Origin.Ended, again.Stored = "", "", time.Time{}, time.Time{}, time.Time{}
	for want, source := range map[string]task.Source{
		"": {}, known: sourceOf(86, 1), `,"stored":"2026-01-02T15:04:05.000Z"`: stored, `,"chunk":"0-43","round":"mi2k0q4x"`: again,
	} {
		number := Record{N: nat.New(1), Kind: task.KindFactor, Worker: "w", Attempt: 1}
		item := Record{N: task.ItemNumber([]byte("a")), Kind: "exec:x", Worker: "w", Attempt: 1, Factorization: task.Factorization{Factors: task.ItemAnswer([]byte("b"))}}
		for _, r := range []Record{number, item} {
			plain := write(&r, JSON, false)
			others := write(&number, CSV, false) + write(&number, Factor, false) + write(&number, FactorDB, false) + write(&number, PARI, false)
			r.Source, number.Source = source, source
			line := write(&r, JSON, false)
			if line != strings.TrimSuffix(plain, "}\n")+want+"}\n" {
				t.Errorf("line %s, want %s behind the attempt", line, want)
			}
			if got := write(&number, CSV, false) + write(&number, Factor, false) + write(&number, FactorDB, false) + write(&number, PARI, false); got != others {
				t.Errorf("the other formats have changed:\n%s", got)
			}
			number.Source = task.Source{}
			for got, err := range Parse(strings.NewReader(line)) {
				if source.Stored.IsZero() == false {
					source.Stored = source.Stored.UTC()
				}
				if err != nil || got.Source != source {
					t.Errorf("%s is read as %+v, %v", line, got.Source, err)
				}
			}
		}
	}
	for got, err := range Parse(strings.NewReader(`{"v":1,"n":"1","status":"Unit","chunk":"x","round":"0","started":"x","ended":"9","stored":""}`)) {
		if err != nil || got.Source != (task.Source{}) {
			t.Errorf("%+v, %v", got.Source, err)
		}
	}
}
