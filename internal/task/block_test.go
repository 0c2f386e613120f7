package task

import (
	"reflect"
	"strings"
	"testing"

	"factorfleet/internal/nat"
	"factorfleet/internal/task/taskpb"
)

// writtenBlocks are blocks with texts: of the first and the last number, of all, and the most that there may be.
var writtenBlocks = []Block{
	{Numbers: some, Written: []Written{{0, "0x0"}, {uint64(len(some) - 1), "2^16384-1"}}},
	{Numbers: []nat.Nat{nat.New(3)}, Written: []Written{{0, "2^2 - 1"}}},
	fullBlock(),
}

func fullBlock() Block {
	b := Block{Numbers: make([]nat.Nat, MaxCount)}
	for i := range b.Numbers {
		b.Numbers[i] = nat.New(uint64(i))
		b.Written = append(b.Written, Written{uint64(i), strings.Repeat("1", MaxWritten)})
	}
	return b
}

// TestEarlierReader: a version that knows no texts reads the numbers.
func TestEarlierReader(t *testing.T) {
	for _, b := range writtenBlocks {
		var m taskpb.Numbers
		if err := unmarshal(b.Encode(), &m); err != nil {
			t.Fatal(err)
		}
		if got, err := decodeNumbers(&m, MaxCount, MaxBits); err != nil || !reflect.DeepEqual(got, b.Numbers) {
			t.Errorf("%d numbers, %v", len(got), err)
		}
	}
}

// TestBadWritten: texts that do not fit the numbers, or that a terminal must not get, are refused.
func TestBadWritten(t *testing.T) {
	for name, change := range map[string]func(*taskpb.Block){
		"behind the numbers":  func(m *taskpb.Block) { m.WrittenAt[1] = 2 },
		"far behind":          func(m *taskpb.Block) { m.WrittenAt[1] = 1<<32 - 1 },
		"descending":          func(m *taskpb.Block) { m.WrittenAt = []uint32{1, 0} },
		"twice":               func(m *taskpb.Block) { m.WrittenAt = []uint32{1, 1} },
		"an empty text":       func(m *taskpb.Block) { m.WrittenSizes[0], m.WrittenSizes[1] = 0, 8 },
		"a long text":         func(m *taskpb.Block) { m.WrittenSizes[0], m.Written = 257, make([]byte, 261) },
		"too few bytes":       func(m *taskpb.Block) { m.Written = m.Written[1:] },
		"too many bytes":      func(m *taskpb.Block) { m.Written = append(m.Written, '1') },
		"too many sizes":      func(m *taskpb.Block) { m.WrittenSizes = []uint32{3, 3, 2} },
		"no sizes":            func(m *taskpb.Block) { m.WrittenSizes = nil },
		"bytes alone":         func(m *taskpb.Block) { m.WrittenAt, m.WrittenSizes = nil, nil },
		"an escape sequence":  func(m *taskpb.Block) { m.Written[2] = '\x1b' },
		"no ASCII":            func(m *taskpb.Block) { m.Written[2] = '\xe9' },
		"more texts than are": func(m *taskpb.Block) { m.Sizes, m.Data = m.Sizes[:1], m.Data[:1] },
	} {
		m := &taskpb.Block{Sizes: []uint32{1, 1}, Data: []byte{4, 8}, WrittenAt: []uint32{0, 1}, WrittenSizes: []uint32{4, 4}, Written: []byte("2**22**3")}
		if b, err := DecodeBlock(marshal(m)); err != nil || b.Written[1].Text != "2**3" {
			t.Fatalf("%+v, %v", b, err)
		}
		change(m)
		if b, err := DecodeBlock(marshal(m)); err == nil {
			t.Errorf("%s: %+v", name, b)
		}
	}
}

func TestWrittenIn(t *testing.T) {
	list := []Written{{2, "a"}, {5, "b"}, {6, "c"}}
	for _, test := range []struct {
		r    Range
		want []Written
	}{
		{Range{0, 2}, nil}, {Range{0, 3}, list[:1]}, {Range{2, 4}, list[:2]}, {Range{5, 100}, list[1:]}, {Range{7, 1}, nil}, {Range{0, 7}, list},
	} {
		if got := WrittenIn(list, test.r); len(got) != len(test.want) || len(got) > 0 && !reflect.DeepEqual(got, test.want) {
			t.Errorf("%v: %v, want %v", test.r, got, test.want)
		}
	}
	if got := MoveWritten(list[1:], 5, 1005); !reflect.DeepEqual(got, []Written{{1005, "b"}, {1006, "c"}}) {
		t.Error(got)
	}
}
