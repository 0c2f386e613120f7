package output

import "io"

// bufferSize is the number of bytes that a Writer collects before it writes them.
const bufferSize = 64 << 10

// csvHeader is the first line of the format csv, oldHeader that of earlier versions.
const (
	csvHeader = oldHeader + ",wall_s"
	oldHeader = "index,n,status,factors,method,cpu_s,worker"
)

// A Writer writes records as text. It is not safe for concurrent use.
type Writer struct {
	w         io.Writer
	format    Format
	exponents bool
	short     bool   // see Abbreviate
	buf       []byte // complete lines
	err       error  // the first error of w; then nothing more is written
}

// New returns a Writer of format f to w. With exponents, format factor writes p^e
// instead of e times p; the other formats always write exponents.
func New(w io.Writer, f Format, exponents bool) *Writer {
	out := &Writer{w: w, format: f, exponents: exponents, buf: make([]byte, 0, bufferSize+4096)}
	if f == CSV {
		out.buf = append(out.buf, csvHeader+"\n"...)
	}
	return out
}

// Abbreviate makes format factor write c123…(92) for an unfinished factor, for people.
func (w *Writer) Abbreviate() { w.short = true }

// Write writes r as one line. It writes nothing if the number was given up and the format
// cannot say so: only json and csv can, and for items factor. Lines are buffered, and reach the underlying
// writer only complete. The error is the first one of the underlying writer, or that of CheckFormat.
func (w *Writer) Write(r *Record) error {
	if w.err != nil {
		return w.err
	}
	switch {
	case r.isItem():
		var err error
		if w.buf, err = appendItem(w.buf, w.format, r); err != nil {
			return err
		}
	case w.format == JSON:
		w.buf = appendJSON(w.buf, r)
	case w.format == CSV:
		w.buf = appendCSV(w.buf, r)
	case r.Dead != "":
	case w.format == FactorDB:
		w.buf = appendFactorDB(w.buf, r)
	case w.format == PARI:
		w.buf = appendPARI(w.buf, r)
	default:
		w.buf = w.appendFactor(w.buf, r)
	}
	if len(w.buf) >= bufferSize {
		return w.Flush()
	}
	return nil
}

// Flush writes all buffered lines to the underlying writer.
func (w *Writer) Flush() error {
	if w.err == nil && len(w.buf) > 0 {
		_, w.err = w.w.Write(w.buf)
		w.buf = w.buf[:0]
	}
	return w.err
}
