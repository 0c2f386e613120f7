package task

import (
	"strings"
	"testing"
	"time"

	"factorfleet/internal/task/taskpb"
)

func TestChunkOfPosition(t *testing.T) {
	for _, test := range []struct {
		count, before uint32
		result        string
		position      uint64
		want          string
		what          string
	}{
		{0, 0, "0-5", 3, "0-0", "not stated"},
		{5, 0, "10-5", 12, "10-5", "a whole task"},
		{43, 40, "83-3", 84, "43-43", "the end of a task"},
		{43, 1, "44-3", 46, "43-43", "the middle of a task"},
		{1, 0, "7-100", 7, "7-1", "the first of joined tasks"},
		{1, 0, "7-100", 106, "106-1", "the last of joined tasks"},
		{2, 0, "10-7", 13, "12-2", "joined pairs"},
		{2, 0, "10-7", 16, "16-1", "the last one, which is smaller"},
		{43, 11, "10-1", 10, "0-0", "it would begin before the job"},
	} {
		r, err := ParseRange(test.result)
		if err != nil {
			t.Fatal(err)
		}
		o := Origin{ChunkCount: test.count, ChunkBefore: test.before}
		if got := o.Chunk(r, test.position).String(); got != test.want {
			t.Errorf("%s: position %d of result %s is of chunk %s, want %s", test.what, test.position, test.result, got, test.want)
		}
	}
}

// TestOriginOfLiar: what breaks a rule is left out, and the answers of the message still count.
func TestOriginOfLiar(t *testing.T) {
	const day = 24 * 60 * 60 * 1000
	for what, m := range map[string]*taskpb.Result{
		"control characters":     {Kernels: "\x1b[31m", Round: "\n"},
		"long names":             {Kernels: strings.Repeat("a", maxKernels+1), Round: strings.Repeat("1", 13)},
		"before the year 1":      {BeganMs: firstMilli - 1},
		"after the year 9999":    {BeganMs: lastMilli, SpanMs: 1},
		"an overflow":            {BeganMs: 1, SpanMs: 1<<64 - 1},
		"an end without a start": {SpanMs: day},
		"a chunk without an end": {ChunkCount: MaxCount + 1},
		"a chunk in front of it": {ChunkCount: 5, ChunkBefore: 5},
		"huge counts":            {ChunkCount: 1<<32 - 1, ChunkBefore: 1<<32 - 2},
	} {
		b := marshal(m)
		fast, ok := fastDecodeResult(b)
		slow, err := decodeResult(b)
		if !ok || err != nil || fast.Origin != (Origin{}) || slow.Origin != (Origin{}) {
			t.Errorf("%s: read as %+v and %+v, %v", what, fast, slow, err)
		}
	}
	if r := (&Result{Version: strings.Repeat("é", 100) + "\x1b"}); len(r.ShownVersion()) > maxVersion+len("…") || strings.Contains(r.ShownVersion(), "\x1b") {
		t.Errorf("the version is shown as %q", r.ShownVersion())
	}
	now := time.UnixMilli(1_700_000_000_000)
	r := Result{Origin: Origin{Began: now, Ended: now.Add(-time.Second)}} // a clock that was set back
	if got, err := DecodeResult(r.Encode()); err != nil || !got.Ended.Equal(now) {
		t.Errorf("ended at %v, %v", got.Ended, err)
	}
}
