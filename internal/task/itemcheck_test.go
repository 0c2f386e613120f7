package task

import (
	"bytes"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"factorfleet/internal/nat"
)

// TestCheckItem: what an item of each format may be.
func TestCheckItem(t *testing.T) {
	long := strings.Repeat("x", MaxItem)
	for _, c := range []struct{ item, lines, nul, json string }{
		{"", "", "", "not one JSON value"},
		{"a b", "", "", "not one JSON value"},
		{"\xff\r", "", "", "not UTF-8"},
		{"\"\xff\"", "", "", "not UTF-8"},
		{"a\nb", "contains a newline", "", "contains a newline"},
		{"a\x00b", "", "contains a NUL byte", "not one JSON value"},
		{`{"a":[1,null,"\n"]}`, "", "", ""},
		{` 1 `, "", "", ""},
		{`1 2`, "", "", "not one JSON value"},
		{`{"a":1`, "", "", "not one JSON value"},
		{long, "", "", "not one JSON value"},
		{long + "x", "longer than 65,536 bytes", "longer than 65,536 bytes", "longer than 65,536 bytes"},
	} {
		for format, want := range map[Format]string{"": c.lines, FormatLines: c.lines, FormatNUL: c.nul, FormatJSON: c.json} {
			got := ""
			if err := CheckItem(format, []byte(c.item)); err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("%.40q in format %q: %q, want %q", c.item, format, got, want)
			}
		}
	}
}

// TestItemAnswer: a line that answers an item comes back as it was, and other factors are none.
func TestItemAnswer(t *testing.T) {
	for _, line := range [][]byte{nil, {0}, {1}, []byte("a result"), bytes.Repeat([]byte{0}, MaxItem)} {
		f := Factorization{Factors: ItemAnswer(line)}
		if got, ok := f.AppendItem([]byte(">")); !ok || string(got) != ">"+string(line) {
			t.Errorf("%.40q returns as %.40q, %v", line, got, ok)
		}
	}
	item := ItemNumber([]byte("x"))
	for name, f := range map[string]Factorization{
		"no factor":     {},
		"two factors":   {Factors: []Factor{{item, 1, Value}, {item, 1, Value}}},
		"an exponent":   {Factors: []Factor{{item, 2, Value}}},
		"a prime":       {Factors: []Factor{{item, 1, Prime}}},
		"no item":       {Factors: []Factor{{nat.New(2), 1, Value}}},
		"a certificate": {Factors: []Factor{{item, 1, Value}}, Certificates: []string{""}},
	} {
		if line, ok := f.AppendItem(nil); ok || len(line) > 0 {
			t.Errorf("%s is taken for the answer %q", name, line)
		}
	}
}

// TestItemLimit: messages of the kinds exec:NAME, and blocks, have numbers as long as the longest item. Messages of
// other kinds have not.
func TestItemLimit(t *testing.T) {
	item := ItemNumber(bytes.Repeat([]byte{0xff}, MaxItem))
	beyond := ItemNumber(make([]byte, MaxItem+1))
	for _, c := range []struct {
		kind  string
		n     nat.Nat
		taken bool
	}{
		{"exec:a", item, true}, {"exec:a", beyond, false},
		{"exec:", item, false}, {"exec:A", item, false}, {"exec", item, false}, {KindFactor, item, false}, {KindSquare, item, false}, {"", item, false},
	} {
		task := Task{Kind: c.kind, Numbers: []nat.Nat{c.n}}
		if got, err := DecodeTask(task.Encode()); (err == nil) != c.taken || err == nil && !reflect.DeepEqual(*got, task) {
			t.Errorf("a task of kind %q, %d bits: %v", c.kind, c.n.BitLen(), err)
		}
		result := Result{Kind: c.kind, Items: []Factorization{{Factors: []Factor{{c.n, 1, Value}}}}}
		if got, err := DecodeResult(result.Encode()); (err == nil) != c.taken || err == nil && !reflect.DeepEqual(*got, result) {
			t.Errorf("a result of kind %q, %d bits: %v", c.kind, c.n.BitLen(), err)
		}
		failure := Failure{Kind: c.kind, Time: now, Numbers: []nat.Nat{c.n}}
		if got, err := DecodeFailure(failure.Encode()); (err == nil) != c.taken || err == nil && !reflect.DeepEqual(*got, failure) {
			t.Errorf("a failure of kind %q, %d bits: %v", c.kind, c.n.BitLen(), err)
		}
	}
	if got, err := DecodeBlock(EncodeBlock([]nat.Nat{item, item})); err != nil || !reflect.DeepEqual(got, Block{Numbers: []nat.Nat{item, item}}) {
		t.Errorf("a block of items: %v", err)
	}
	if _, err := DecodeBlock(EncodeBlock([]nat.Nat{beyond})); err == nil {
		t.Error("a block has a number that is longer than any item")
	}
}

// TestBrief: what people see of numbers and items.
func TestBrief(t *testing.T) {
	huge := nat.FromBig(new(big.Int).Lsh(big.NewInt(1), 2*MaxBits))
	for _, c := range []struct {
		kind string
		n    nat.Nat
		want string
	}{
		{KindFactor, nat.New(17), "17"},
		{KindFactor, huge, "a number of 32769 bits"},
		{KindFactor, ItemNumber([]byte("a")), "353"}, // 0x161
		{"exec:a", ItemNumber([]byte("a")), `"a"`},
		{"exec:a", ItemNumber([]byte("a\x1b\xff\n")), `"a\x1b\xff\n"`},
		{"exec:a", ItemNumber(bytes.Repeat([]byte("é"), 40)), `"` + strings.Repeat("é", 30) + `"... (80 bytes)`},
		{"exec:a", ItemNumber([]byte(strings.Repeat("x", 59) + "é")), `"` + strings.Repeat("x", 59) + `"... (61 bytes)`},
		{"exec:a", nat.New(17), "17"},
	} {
		if got := Brief(c.kind, c.n); got != c.want {
			t.Errorf("%s %d bits: %s, want %s", c.kind, c.n.BitLen(), got, c.want)
		}
	}
}

// TestBriefNumber: a long number is shortened, and no number gets longer.
func TestBriefNumber(t *testing.T) {
	for n, want := range map[string]string{
		strings.Repeat("7", 60): strings.Repeat("7", 60),
		strings.Repeat("7", 61): strings.Repeat("7", 20) + "..." + strings.Repeat("7", 10) + " (61 digits)",
	} {
		x, _ := new(big.Int).SetString(n, 10)
		if got := Brief(KindFactor, nat.FromBig(x)); got != want {
			t.Errorf("%s", got)
		}
	}
}

// TestUnnamed: the words that name an item are removed from the beginning of its error, and nothing else is.
func TestUnnamed(t *testing.T) {
	n := ItemNumber([]byte(`a "b"`))
	for text, want := range map[string]string{
		"item " + QuoteItem([]byte(`a "b"`)) + ": exit status 1": "exit status 1",
		`item "a": exit status 1`:                                `item "a": exit status 1`,
		"exit status 1":                                          "exit status 1",
	} {
		if got := Unnamed("exec:x", n, text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
