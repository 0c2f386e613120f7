package input

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// The first bytes of compressed files. None of them begins a text in UTF-8.
var (
	gzipMagic = []byte("\x1f\x8b")
	zstdMagic = []byte("\x28\xb5\x2f\xfd")
)

// maxWindow bounds how far back a zstd file may refer, and so the memory of its reader: 128 MiB, as the program zstd
// does. A gzip file refers back by at most 32 KiB.
const maxWindow = 128 << 20

// unpack reads the beginning of the file. If it is compressed, the file is read through a decompressor from then on. A
// checksum comes after the data that it is of: damaged data may give other numbers before its error.
func (f *file) unpack() {
	for f.err == nil && (isBeginning(f.buf[:f.end], gzipMagic) || isBeginning(f.buf[:f.end], zstdMagic)) {
		f.fill()
	}
	switch begin := f.buf[:f.end]; {
	case bytes.HasPrefix(begin, gzipMagic):
		f.through("gzip", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) })
	case bytes.HasPrefix(begin, zstdMagic):
		f.through("zstd", func(r io.Reader) (io.Reader, error) {
			// Without further goroutines, and with the memory of the window of the file.
			return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		})
	}
}

// isBeginning reports whether b is shorter than magic and may become it.
func isBeginning(b, magic []byte) bool { return len(b) < len(magic) && bytes.HasPrefix(magic, b) }

// through reads the file, of which buf[:end] was read, through the decompressor that make returns.
func (f *file) through(name string, make func(io.Reader) (io.Reader, error)) {
	rest := f.r
	if f.err != nil {
		rest = failed{f.err}
	}
	packed := &errorNoter{r: io.MultiReader(bytes.NewReader(bytes.Clone(f.buf[:f.end])), rest)}
	f.r, f.pos, f.end, f.err = &unpacked{name: name, packed: packed, make: make}, 0, 0, nil
}

// unpacked is a reader of compressed data, by the decompressor that make returns.
type unpacked struct {
	name   string
	packed *errorNoter
	make   func(io.Reader) (io.Reader, error)
	r      io.Reader // nil before the first Read
}

// Read returns io.EOF only after the complete data. Other errors are those of the file, or say what is wrong with its
// content.
func (u *unpacked) Read(b []byte) (n int, err error) {
	if u.r == nil {
		u.r, err = u.make(u.packed)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF // within the header
		}
	}
	if err == nil {
		n, err = u.r.Read(b)
	}
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case u.packed.err != nil && u.packed.err != io.EOF:
		return n, u.packed.err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return n, fmt.Errorf("the %s data is cut off", u.name)
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return n, fmt.Errorf("the %s data needs a window of more than 128 MiB", u.name) // maxWindow
	}
	return n, fmt.Errorf("the %s data is damaged: %w", u.name, err)
}

// An errorNoter is r, and keeps the error that r has returned last.
type errorNoter struct {
	r   io.Reader
	err error
}

func (e *errorNoter) Read(b []byte) (n int, err error) {
	n, err = e.r.Read(b)
	e.err = err
	return n, err
}

// failed is a reader that has only an error.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }
