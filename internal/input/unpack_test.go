package input

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"factorfleet/internal/task"
)

// pack returns text compressed by gzip or zstd.
func pack(t testing.TB, name, text string, options ...zstd.EOption) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if name == "zstd" {
		var err error
		if w, err = zstd.NewWriter(&b, options...); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// randomNumbers returns lines of random numbers, which do not become much shorter by compression.
func randomNumbers(count int) string {
	random := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for range count {
		fmt.Fprintln(&b, random.Uint64())
	}
	return b.String()
}

func TestCompressed(t *testing.T) {
	t.Parallel()
	text := "\ufeff" + randomNumbers(20000) + "2^10 - 1 # last\n"
	want, _, err := readAll(100, From("-", strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"gzip", "zstd"} {
		packed := pack(t, name, text)
		path := filepath.Join(t.TempDir(), "numbers.txt") // the name says nothing
		if err := os.WriteFile(path, packed, 0o666); err != nil {
			t.Fatal(err)
		}
		twice := append(bytes.Clone(packed), packed...)
		for what, source := range map[string]Source{
			"a file": File(path), "a reader": From("-", bytes.NewReader(packed)), "bytes": From("-", iotest.OneByteReader(bytes.NewReader(packed))),
			"data with EOF": From("-", iotest.DataErrReader(bytes.NewReader(packed))), "strict": strict.From("-", bytes.NewReader(packed)),
			"nothing": From("-", bytes.NewReader(pack(t, name, ""))), "two members": From("-", bytes.NewReader(twice)),
		} {
			numbers, bad, err := readAll(1000, source)
			n, wrong := len(want), 0
			switch what {
			case "strict":
				wrong = 4 // the last line has one number
			case "nothing":
				n = 0
			case "two members":
				n, wrong = 2*n-1, 1 // the number behind the second byte order mark
			}
			if len(numbers) != n || len(bad) != wrong || err != nil {
				t.Errorf("%s, %s: %d numbers, bad tokens %q, %v, want %d numbers", name, what, len(numbers), bad, err, n)
			}
		}
		items, _, err := readAll(1000, ItemsFrom(task.FormatLines, "-", bytes.NewReader(packed)))
		if len(items) != 20001 || err != nil {
			t.Errorf("%s: %d items, %v", name, len(items), err)
		}
		items, _, err = readAll(1000, ItemsFrom(task.FormatNUL, "-", bytes.NewReader(append(packed, 0))))
		if len(items) == 20001 || err != nil {
			t.Errorf("%s: items of format nul were unpacked, %v", name, err)
		}
	}
}

// TestDamaged: what comes before the damage is read, and the error names the file. A checksum comes after the data, so that
// damaged data may be read as other numbers before the error.
func TestDamaged(t *testing.T) {
	t.Parallel()
	text := randomNumbers(100000)
	for _, name := range []string{"gzip", "zstd"} {
		packed := pack(t, name, text)
		damaged := bytes.Clone(packed)
		for i := range 100 {
			damaged[len(damaged)*2/3+i] ^= 0x55
		}
		broken := errors.New("broken cable")
		for _, test := range []struct {
			what, want string
			least      int
			r          io.Reader
		}{
			{"cut off", "read a: the " + name + " data is cut off", 10000, bytes.NewReader(packed[:len(packed)/2])},
			{"cut off at the end", "read a: the " + name + " data is cut off", 10000, bytes.NewReader(packed[:len(packed)-1])},
			{"the header", "read a: the " + name + " data is cut off", 0, bytes.NewReader(packed[:4])},
			{"damaged", "read a: the " + name + " data is damaged: ", 10000, bytes.NewReader(damaged)},
			{"unreadable", "read a: broken cable", 10000, io.MultiReader(bytes.NewReader(packed[:len(packed)/2]), iotest.ErrReader(broken))},
			{"unreadable header", "read a: broken cable", 0, io.MultiReader(bytes.NewReader(packed[:4]), iotest.ErrReader(broken))},
		} {
			numbers, bad, err := readAll(1000, From("a", test.r))
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || len(numbers) < test.least || len(numbers) > 100000 || len(bad) > 0 && test.what != "damaged" {
				t.Errorf("%s, %s: %d numbers, bad tokens %q, %v", name, test.what, len(numbers), bad, err)
			}
			if joined := strings.Join(numbers, "\n"); !strings.HasPrefix(text, joined) && test.what != "damaged" { // the checksum comes last
				t.Errorf("%s, %s: other numbers than those of the file", name, test.what)
			}
		}
	}
	huge := []byte("\x28\xb5\x2f\xfd\x00\xa0") // a frame with a window of 1 GiB
	if _, _, err := readAll(1, From("a", bytes.NewReader(append(huge, 1, 0, 0)))); err == nil || err.Error() != "read a: the zstd data needs a window of more than 128 MiB" {
		t.Errorf("a large window: %v", err)
	}
}

// TestBomb: the memory does not depend on how long the content of a compressed file is.
func TestBomb(t *testing.T) {
	for _, name := range []string{"gzip", "zstd"} {
		packed := pack(t, name, strings.Repeat("7", 64<<20), zstd.WithWindowSize(1<<20))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, bad, err := readAll(10, From("-", bytes.NewReader(packed)))
		runtime.ReadMemStats(&after)
		if len(bad) != 1 || err != nil {
			t.Errorf("%s: bad tokens %v, %v", name, bad, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
			t.Errorf("%s: %d bytes allocated", name, used)
		}
	}
}

// TestBegin: a text that begins as compressed data does, but is none, is a text; and a first byte that arrives alone is
// not waited for longer than it can be the beginning of such data.
func TestBegin(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"(": "[] 1", "(7) 1": "[7 1] 0", "\x1f": "[] 1", "\x1f7 3": "[3] 1", "\x28\xb5\n3": "[3] 1", "": "[] 0"} {
		numbers, bad, err := readAll(5, From("-", iotest.OneByteReader(strings.NewReader(text))))
		if got := fmt.Sprint(numbers, len(bad)); got != want || err != nil {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
}

// FuzzUnpack checks that no compressed data makes a reader fail in another way than by an error.
func FuzzUnpack(f *testing.F) {
	for _, name := range []string{"gzip", "zstd"} {
		f.Add(pack(f, name, "12 2^10 - 1\n"))
		f.Add(pack(f, name, randomNumbers(100)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<10 { // little data can be very much content
			return
		}
		if _, _, err := readAll(100, From("name", bytes.NewReader(data))); err != nil && !strings.HasPrefix(err.Error(), "read name: ") {
			t.Error(err)
		}
	})
}
