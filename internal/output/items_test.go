package output

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/task"
)

// itemRecord returns the answer line for an item.
func itemRecord(f task.Format, item, line string) *Record {
	return &Record{
		Position: 3, N: task.ItemNumber([]byte(item)), Kind: "exec:resize", Format: f, Worker: "lab3", Attempt: 1,
		Factorization: task.Factorization{Factors: task.ItemAnswer([]byte(line)), Method: "exec:resize", CPU: 1500 * time.Millisecond},
	}
}

// deadItem returns the record of an item that was given up.
func deadItem(f task.Format, item string) *Record {
	return &Record{Position: 3, N: task.ItemNumber([]byte(item)), Kind: "exec:resize", Format: f, Dead: "it failed"}
}

func TestItemText(t *testing.T) {
	const head, tail = `{"v":1,"i":3,"kind":"exec:resize","format":`, `,"cpu_s":1.5,"worker":"lab3","attempt":1}` + "\n"
	for _, c := range []struct {
		r          *Record
		text, json string
	}{
		{itemRecord(task.FormatLines, "a b", "ok\r"), "ok\r\n", head + `"lines","item":"a b","status":"V","result":"ok\u000d"` + tail},
		{itemRecord("", "\xff", ""), "\n", head + `"lines","item_base64":"/w==","status":"V","result":""` + tail},
		{itemRecord(task.FormatLines, "\"é\"", "\xc3"), "\xc3\n", head + `"lines","item":"\"é\"","status":"V","result_base64":"ww=="` + tail},
		{itemRecord(task.FormatNUL, "a\nb", "c\nd"), "c\nd\x00", head + `"nul","item":"a\u000ab","status":"V","result":"c\u000ad"` + tail},
		{itemRecord(task.FormatJSON, `{"a": 1}`, "null"), "null\n", head + `"json","item":{"a": 1},"status":"V","result":null` + tail},
		{deadItem(task.FormatLines, "a"), "\n", head + `"lines","item":"a","status":"DEAD","cpu_s":0,"worker":"","attempt":0,"error":"it failed"}` + "\n"},
		{deadItem(task.FormatNUL, "a"), "\x00", head + `"nul","item":"a","status":"DEAD","cpu_s":0,"worker":"","attempt":0,"error":"it failed"}` + "\n"},
		{deadItem(task.FormatJSON, "null"), "null\n", head + `"json","item":null,"status":"DEAD","cpu_s":0,"worker":"","attempt":0,"error":"it failed"}` + "\n"},
	} {
		if got := write(c.r, Factor, false); got != c.text {
			t.Errorf("%q, want %q", got, c.text)
		}
		if got := write(c.r, JSON, false); got != c.json {
			t.Errorf("%s, want %s", got, c.json)
		}
		checkItemJSON(t, c.r)
	}
}

// checkItemJSON checks that a record is one line of JSON, from which it is read back.
func checkItemJSON(t *testing.T, r *Record) {
	t.Helper()
	text := write(r, JSON, false)
	if !json.Valid([]byte(text)) || strings.Count(text, "\n") != 1 {
		t.Errorf("%q is not one line of JSON", text)
	}
	for line, err := range Parse(strings.NewReader(text)) {
		want := *r
		want.Method = ""
		if want.Format == "" {
			want.Format = task.FormatLines
		}
		if err != nil || !same(&line.Record, &want) || line.Format != want.Format {
			t.Errorf("%q is read as %+v, %v", text, line.Record, err)
		}
	}
}

// TestItemFormats: the formats for numbers refuse items.
func TestItemFormats(t *testing.T) {
	for _, f := range []Format{CSV, FactorDB, PARI} {
		var out bytes.Buffer
		w := New(&out, f, false)
		if err := w.Write(itemRecord(task.FormatLines, "a", "b")); err == nil || !strings.Contains(err.Error(), "--format "+string(f)+" is for numbers") {
			t.Errorf("format %s: %v", f, err)
		}
		if CheckFormat(f, task.KindFactor) != nil {
			t.Errorf("format %s is refused for numbers", f)
		}
	}
}

// TestBadItemLines: lines that no program of the fleet writes.
func TestBadItemLines(t *testing.T) {
	for _, text := range []string{
		`{"v":2,"kind":"exec:a","format":"lines","item":"a","status":"V","result":"b"}`,
		`{"v":1,"kind":"exec:A","format":"lines","item":"a","status":"V","result":"b"}`,
		`{"v":1,"kind":"exec:a","format":"csv","item":"a","status":"V","result":"b"}`,
		`{"v":1,"kind":"exec:a","format":"lines","item":1,"status":"V","result":"b"}`,
		`{"v":1,"kind":"exec:a","format":"lines","item":null,"status":"V","result":"b"}`,
		`{"v":1,"kind":"exec:a","format":"lines","item":"a\nb","status":"V","result":"b"}`,
		`{"v":1,"kind":"exec:a","format":"lines","item":"a","item_base64":"YQ==","status":"V","result":"b"}`,
		`{"v":1,"kind":"exec:a","format":"lines","item_base64":"?","status":"V","result":"b"}`,
		`{"v":1,"kind":"exec:a","format":"lines","item":"a","status":"V"}`,
		`{"v":1,"kind":"exec:a","format":"json","item":1,"status":"V"}`,
		`{"v":1,"kind":"exec:a","format":"lines","item":"a","status":"FF","result":"b"}`,
	} {
		for line, err := range Parse(strings.NewReader(text)) {
			if err == nil {
				t.Errorf("%s is read as %+v", text, line.Record)
			}
		}
	}
}

// FuzzItems writes items and results of any bytes, and reads them back.
func FuzzItems(f *testing.F) {
	f.Add([]byte("0"), []byte("0 "))
	f.Add([]byte("a"), []byte("\xff\x1b\u2028"))
	f.Add([]byte(`{"a":"\ud800"}`), []byte("\"\u0085\""))
	f.Fuzz(func(t *testing.T, item, line []byte) {
		for _, format := range []task.Format{task.FormatLines, task.FormatNUL, task.FormatJSON} {
			if format == task.FormatJSON { // white space around a value is not kept
				item, line = bytes.TrimSpace(item), bytes.TrimSpace(line)
			}
			if task.CheckItem(format, item) != nil || task.CheckItem(format, line) != nil {
				continue
			}
			checkItemJSON(t, itemRecord(format, string(item), string(line)))
			checkItemJSON(t, deadItem(format, string(item)))
		}
	})
}
