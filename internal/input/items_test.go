package input

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// readItems returns all items of sources and the reports of invalid ones.
func readItems(t *testing.T, size int, sources ...Source) (list, bad []string, err error) {
	t.Helper()
	r := New(func(b task.BadToken) { bad = append(bad, Describe(b)) }, sources...)
	dst := make([]nat.Nat, size)
	for {
		n, err := r.Read(dst)
		for _, x := range dst[:n] {
			item, ok := task.AppendItem(nil, x)
			if !ok {
				t.Fatalf("%v is no item", x)
			}
			list = append(list, string(item))
		}
		if err == io.EOF {
			return list, bad, nil
		}
		if err != nil {
			return list, bad, err
		}
		if n == 0 {
			return list, bad, errors.New("read nothing")
		}
	}
}

func TestItems(t *testing.T) {
	long := strings.Repeat("x", task.MaxItem)
	tooLong := `longer than 65,536 bytes: "` + long[:40] + `…"`
	for _, c := range []struct {
		format task.Format
		text   string
		items  []string
		bad    []string
	}{
		{format: task.FormatLines},
		{format: task.FormatLines, text: "a", items: []string{"a"}},
		{format: task.FormatLines, text: "a b\n\n\r\n c \r\n\xff\x00\n", items: []string{"a b", "\r", " c \r", "\xff\x00"}},
		{format: task.FormatLines, text: "\xef\xbb\xbfa\n", items: []string{"\xef\xbb\xbfa"}},
		{format: task.FormatLines, text: long + "\n" + long + "y\nz", items: []string{long, "z"}, bad: []string{"f: line 2: " + tooLong}},
		{format: task.FormatNUL},
		{format: task.FormatNUL, text: "\x00", items: []string{""}},
		{format: task.FormatNUL, text: "a\nb\x00\x00c", items: []string{"a\nb", "", "c"}},
		{format: task.FormatNUL, text: long + "y\x00z", items: []string{"z"}, bad: []string{"f: item 1: " + tooLong}},
		{format: task.FormatJSON},
		{format: task.FormatJSON, text: "\xef\xbb\xbf {\"a\": 1} \r\n\t\n[2]\n3", items: []string{`{"a": 1}`, "[2]", "3"}},
		{
			format: task.FormatJSON, text: "{\"a\"\n\"\xff\"\n1 2\nnull\n\u00a01", items: []string{"null"},
			bad: []string{`f: line 1: not one JSON value: "{\"a\""`, `f: line 2: not UTF-8: "\"\xff\""`, `f: line 3: not one JSON value: "1 2"`, `f: line 5: not one JSON value: "\u00a01"`},
		},
		{format: task.FormatJSON, text: strings.Repeat(" ", task.MaxItem) + "1\n2", items: []string{"2"}, bad: []string{`f: line 1: longer than 65,536 bytes: "` + strings.Repeat(" ", 40) + `…"`}},
	} {
		for _, size := range []int{1, 2, 100} {
			for _, r := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text)), iotest.DataErrReader(strings.NewReader(c.text))} {
				list, bad, err := readItems(t, size, ItemsFrom(c.format, "f", r))
				if !slices.Equal(list, c.items) || !slices.Equal(bad, c.bad) || err != nil {
					t.Errorf("%s %.60q: items %.80q, bad %q, %v", c.format, c.text, list, bad, err)
				}
			}
		}
	}
}

func TestItemArgs(t *testing.T) {
	args := []string{"a b", "", "c\nd", " 1\r", "\xff"}
	for format, want := range map[task.Format]struct{ items, bad []string }{
		task.FormatLines: {[]string{"a b", " 1\r", "\xff"}, []string{`argument: empty; -0 accepts empty items: ""`, `argument: contains a newline: "c\nd"`}},
		task.FormatNUL:   {args, nil},
		task.FormatJSON:  {[]string{"1"}, []string{`argument: not one JSON value: "a b"`, `argument: empty; -0 accepts empty items: ""`, `argument: contains a newline: "c\nd"`, `argument: not UTF-8: "\xff"`}},
	} {
		for _, size := range []int{1, 100} {
			list, bad, err := readItems(t, size, ItemArgs(format, args))
			if !slices.Equal(list, want.items) || !slices.Equal(bad, want.bad) || err != nil {
				t.Errorf("%s: items %q, bad %q, %v", format, list, bad, err)
			}
		}
	}
}

// TestItemFiles: several sources, and a file that cannot be read any further. An item that may be incomplete is dropped.
func TestItemFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "one")
	if err := os.WriteFile(path, []byte("a\nb"), 0o666); err != nil {
		t.Fatal(err)
	}
	broken := iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("78"))) // fails at the second read
	list, bad, err := readItems(t, 10, ItemsFile(task.FormatLines, path), ItemArgs(task.FormatLines, []string{"c"}), ItemsFrom(task.FormatLines, "-", broken))
	if !slices.Equal(list, []string{"a", "b", "c"}) || bad != nil || err == nil || err.Error() != "read -: timeout" {
		t.Errorf("items %q, bad %q, %v", list, bad, err)
	}
	if _, _, err := readItems(t, 10, ItemsFile(task.FormatLines, path+"x")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that does not exist: %v", err)
	}
}

// TestLongItem checks that an item of 64 MB is not held in memory, and that one read returns few bytes.
func TestLongItem(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	line := io.LimitReader(digits{}, 64<<20)
	list, bad, err := readItems(t, 10, ItemsFrom(task.FormatLines, "-", io.MultiReader(line, strings.NewReader("\n5"))))
	runtime.ReadMemStats(&after)
	if len(bad) != 1 || !slices.Equal(list, []string{"5"}) || err != nil {
		t.Errorf("items %.60q, bad items %v, %v", list, bad, err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes allocated", used)
	}
	dst, size := make([]nat.Nat, task.MaxCount), 0
	text := strings.Repeat(strings.Repeat("x", 30_000)+"\n", 100)
	n, err := New(nil, ItemsFrom(task.FormatLines, "-", strings.NewReader(text))).Read(dst)
	for _, x := range dst[:n] {
		size += x.ByteLen()
	}
	if n == 0 || err != nil || size > bufferSize+task.MaxItem {
		t.Errorf("one read returns %d items of %d bytes, %v", n, size, err)
	}
}

// FuzzItems cuts a text into reads at arbitrary places and compares its items with those of a simple reader.
func FuzzItems(f *testing.F) {
	for _, seed := range []string{"a\n\nb", "\xff\x00\x00\r\n", "{\"a\":[1]}\n \n\"\xff\"", "\xef\xbb\xbf1\n2"} {
		f.Add([]byte(seed), []byte{1, 2, 3}, uint8(3))
	}
	f.Fuzz(func(t *testing.T, text, cuts []byte, size uint8) {
		for _, format := range []task.Format{task.FormatLines, task.FormatNUL, task.FormatJSON} {
			list, bad, err := readItems(t, int(size%8)+1, ItemsFrom(format, "-", &cutter{text, cuts}))
			if err != nil {
				t.Fatal(err)
			}
			want, wantBad := simpleItems(format, string(text))
			if !slices.Equal(list, want) || len(bad) != wantBad {
				t.Errorf("%s %q: items %q and %d bad ones, want %q and %d", format, text, list, len(bad), want, wantBad)
			}
		}
	})
}

// simpleItems reads items from a whole text. It returns them, and the count of invalid ones.
func simpleItems(format task.Format, text string) (list []string, bad int) {
	end := "\n"
	switch format {
	case task.FormatNUL:
		end = "\x00"
	case task.FormatJSON:
		text = strings.TrimPrefix(text, "\ufeff")
	}
	if text == "" {
		return nil, 0
	}
	for _, item := range strings.Split(strings.TrimSuffix(text, end), end) {
		long := len(item) > task.MaxItem
		if format == task.FormatJSON && !long {
			item = strings.Trim(item, " \t\r")
		}
		switch {
		case item == "" && format != task.FormatNUL:
		case long || task.CheckItem(format, []byte(item)) != nil:
			bad++
		default:
			list = append(list, item)
		}
	}
	return list, bad
}
