package task

import (
	"bytes"
	"reflect"
	"runtime"
	"testing"
	"unicode/utf8"
)

func FuzzDecodeTask(f *testing.F) {
	for i := range tasks {
		f.Add(tasks[i].Encode())
	}
	fuzzDecoder(f, DecodeTask, (*Task).Encode)
}

func FuzzDecodeResult(f *testing.F) {
	for i := range results {
		f.Add(results[i].Encode())
	}
	fuzzDecoder(f, decodeOwn, (*Result).Encode)
}

func FuzzDecodeReturn(f *testing.F) {
	for i := range returns {
		f.Add(returns[i].Encode())
	}
	fuzzDecoder(f, DecodeReturn, (*Return).Encode)
}

func FuzzDecodeFailure(f *testing.F) {
	for i := range failures {
		f.Add(failures[i].Encode())
	}
	fuzzDecoder(f, DecodeFailure, (*Failure).Encode)
}

func FuzzDecodeBlock(f *testing.F) {
	f.Add(EncodeBlock(nil))
	f.Add(EncodeBlock(some))
	for _, b := range writtenBlocks {
		f.Add(b.Encode())
	}
	fuzzDecoder(f, DecodeBlock, Block.Encode)
}

func FuzzDecodeJob(f *testing.F) {
	for i := range jobs {
		f.Add(jobs[i].Encode())
	}
	f.Add([]byte(`null`))
	f.Add([]byte(`{"created":"0000-01-01T00:00:00+23:59","bad":[{"text":"\ud800"}]}`))
	f.Add([]byte(`{"created":"0000-01-01T00:00:00+00:00"}`))
	fuzzDecoder(f, DecodeJob, (*Job).Encode)
}

func FuzzDecodeYield(f *testing.F) {
	for i := range yields {
		f.Add(yields[i].Encode())
	}
	fuzzDecoder(f, DecodeYield, (*Yield).Encode)
}

func FuzzDecodePart(f *testing.F) {
	f.Add(samplePart().Encode())
	f.Add(sampleCurvesPart().Encode())
	f.Add([]byte(`{"composite":"00","params":"AAA"}`))
	f.Add([]byte(`{"created":"0000-01-01T00:00:00+23:59"}`))
	fuzzDecoder(f, DecodePart, (*Part).Encode)
}

func FuzzDecodeHint(f *testing.F) {
	for _, h := range sampleHints() {
		f.Add(h.Encode())
	}
	fuzzDecoder(f, DecodeHint, (*Hint).Encode)
}

// fuzzDecoder checks for any bytes that decode does not panic, allocates at most a
// small multiple of their length, and that what it returns survives a round trip.
func fuzzDecoder[T any](f *testing.F, decode func([]byte) (T, error), encode func(T) []byte) {
	f.Fuzz(func(t *testing.T, b []byte) {
		// The worst are the columns of empty numbers and methods: 1 to 3 bytes for a
		// Nat, a Factor, a Factorization or a string, while slices grow.
		if used, most := allocated(func() { decode(b) }), uint64(200*len(b)+16<<10); used > most {
			t.Errorf("%d bytes allocated for %d", used, len(b))
		}
		v, err := decode(b)
		if err != nil {
			return
		}
		once := encode(v)
		again, err := decode(once)
		if err != nil || !reflect.DeepEqual(again, v) {
			t.Errorf("%+v returns as %+v, %v", v, again, err)
		}
		if twice := encode(again); !bytes.Equal(once, twice) || !utf8.Valid(once) && utf8.Valid(twice) {
			t.Errorf("%+v is encoded as %q, then as %q", v, once, twice)
		}
	})
}

// allocated returns how many bytes f allocates, the least of three measurements,
// as others may allocate at the same time.
func allocated(f func()) (least uint64) {
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; least == 0 || used < least {
			least = used
		}
	}
	return least
}

// TestAllocated sends the worst messages there are.
func TestAllocated(t *testing.T) {
	empty := bytes.Repeat([]byte{0x32, 0}, 100_000)                         // methods ""
	zeros := append([]byte{0x42, 0x80, 0x80, 0x06}, make([]byte, 3<<15)...) // cpu_ns
	for name, b := range map[string][]byte{
		"factors":     (&Result{Items: []Factorization{{Factors: make([]Factor, maxFactors)}}}).Encode(),
		"items":       (&Result{Items: make([]Factorization, MaxCount)}).Encode(),
		"many items":  (&Result{Items: make([]Factorization, 50*MaxCount)}).Encode(),
		"methods":     empty,
		"cpu columns": zeros,
	} {
		used := allocated(func() { DecodeResult(b) })
		t.Logf("%s: %d bytes for %d, %.1f times", name, used, len(b), float64(used)/float64(len(b)))
		if used > uint64(64*len(b)) {
			t.Errorf("%s: %d bytes allocated for %d", name, used, len(b))
		}
	}
}
