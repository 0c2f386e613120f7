package input

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// stdin is the source name of standard input.
const stdin = "-"

// bufferSize is the size of the buffer of a file, in bytes.
const bufferSize = 64 << 10

// byteOrderMark is U+FEFF in UTF-8. It may begin a file and is skipped.
var byteOrderMark = []byte("\xef\xbb\xbf")

// A file is read piece by piece into a buffer.
type file struct {
	name  string
	r     io.Reader    // nil before open, unless the caller owns it
	close func() error // nil if the caller owns r
	err   error        // of the last Read; returned when buf is used up

	buf      []byte
	pos, end int // buf[pos:end] is to be scanned
}

// open opens the file, unless it has a reader, and makes the buffer. With unpack, a compressed file is unpacked.
func (f *file) open(unpack bool) {
	if f.r == nil {
		file, err := os.Open(f.name)
		if err != nil {
			f.err = err
			return
		}
		f.r, f.close = file, file.Close
	}
	f.buf = make([]byte, bufferSize)
	if unpack {
		f.unpack()
	}
}

// skipByteOrderMark reads the beginning of the file, and skips a byte order mark.
func (f *file) skipByteOrderMark() {
	for f.err == nil && f.end < len(byteOrderMark) && bytes.HasPrefix(byteOrderMark, f.buf[:f.end]) {
		f.fill()
	}
	if bytes.HasPrefix(f.buf[:f.end], byteOrderMark) {
		f.pos = len(byteOrderMark)
	}
}

// fill reads once into the free part of buf. On an error it closes the file.
func (f *file) fill() {
	if f.pos == f.end {
		f.pos, f.end = 0, 0
	}
	n := 0
	for try := 0; n == 0 && f.err == nil; try++ {
		n, f.err = f.r.Read(f.buf[f.end:])
		if try == 100 && n == 0 && f.err == nil {
			f.err = io.ErrNoProgress
		}
	}
	f.end += n
	if f.err == nil {
		return
	}
	if f.close != nil {
		f.close() // an error loses nothing: the file was only read
	}
	var named *fs.PathError
	if f.err != io.EOF && !errors.As(f.err, &named) {
		f.err = fmt.Errorf("read %s: %w", f.name, f.err)
	}
}
