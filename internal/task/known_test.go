package task

import (
	"reflect"
	"testing"

	"factorfleet/internal/nat"
	"factorfleet/internal/task/taskpb"
)

// TestKnownInBlock: a block carries divisors of its numbers. Whoever does not know them reads the same numbers.
func TestKnownInBlock(t *testing.T) {
	known := []Known{{At: 0, Factors: []nat.Nat{nat.New(3)}}, {At: 5, Factors: []nat.Nat{some[5], nat.New(7)}}}
	block := EncodeBlock(some)
	if got := KnownOf(block, len(some)); got != nil {
		t.Errorf("divisors of a block without any: %v", got)
	}
	with := AppendKnown(block, known)
	got, err := DecodeBlock(with)
	checkEqual(t, got.Numbers, some, err)
	if got := KnownOf(with, len(some)); !reflect.DeepEqual(got, known) {
		t.Errorf("%v, want %v", got, known)
	}
	texts := Block{Numbers: some, Written: []Written{{2, "0xff"}}} // beside them, a text
	both, err := DecodeBlock(AppendKnown(texts.Encode(), known))
	checkEqual(t, both, texts, err)
	if got := KnownOf(AppendKnown(texts.Encode(), known), len(some)); !reflect.DeepEqual(got, known) {
		t.Errorf("beside a text: %v, want %v", got, known)
	}
	if got := KnownOf(with, 5); got != nil {
		t.Errorf("divisors of number 6 of 5: %v", got)
	}
	if got := FactorsAt(known, 5); len(got) != 2 || FactorsAt(known, 4) != nil || FactorsAt(known, 6) != nil || FactorsAt(nil, 0) != nil {
		t.Errorf("divisors of number 5: %v", got)
	}
}

// TestKnownIsBounded: what does not fit into a message is left out, and a block with as many divisors as possible is below the
// limit of its stream.
func TestKnownIsBounded(t *testing.T) {
	var list []Known
	for i := range 200 {
		list = append(list, Known{At: i, Factors: []nat.Nat{longest}}) // 2048 bytes each
	}
	data := AppendKnown(nil, list)
	if got := KnownOf(data, 200); len(got) != MaxKnownBytes/2048 || len(data)+MaxBlockBytes+3*MaxCount > 512<<10 {
		t.Errorf("%d of 200 are stored in %d bytes", len(got), len(data))
	}
	if data := encodeKnown([]Known{{At: 1, Factors: make([]nat.Nat, MaxKnown+1)}, {At: 2}}); data != nil {
		t.Errorf("too many divisors of one number, and none, are written as %x", data)
	}
}

// TestKnownOfLiar: hints that break a rule are ignored, and the task stays valid.
func TestKnownOfLiar(t *testing.T) {
	two := encodeNumbers([]nat.Nat{nat.New(2), nat.New(3)})
	for what, m := range map[string]*taskpb.Known{
		"an index twice":        {At: []uint32{1, 1}, Counts: []uint32{1, 1}, Factors: two},
		"an index beyond":       {At: []uint32{2}, Counts: []uint32{2}, Factors: two},
		"a huge index":          {At: []uint32{1<<32 - 1}, Counts: []uint32{2}, Factors: two},
		"too few counts":        {At: []uint32{0, 1}, Counts: []uint32{2}, Factors: two},
		"a count of 0":          {At: []uint32{0, 1}, Counts: []uint32{0, 2}, Factors: two},
		"a huge count":          {At: []uint32{0}, Counts: []uint32{1<<32 - 1}, Factors: two},
		"too few factors":       {At: []uint32{0}, Counts: []uint32{3}, Factors: two},
		"too many factors":      {At: []uint32{0}, Counts: []uint32{1}, Factors: two},
		"no factors":            {At: []uint32{0}, Counts: []uint32{1}},
		"the factor 1":          {At: []uint32{0}, Counts: []uint32{1}, Factors: encodeNumbers([]nat.Nat{nat.New(1)})},
		"data without sizes":    {At: []uint32{0}, Counts: []uint32{1}, Factors: &taskpb.Numbers{Data: []byte{1}}},
		"more indexes than two": {At: []uint32{0, 1, 2}, Counts: []uint32{1, 1, 1}, Factors: two},
	} {
		b := marshal(&taskpb.Task{Kind: KindFactor, Numbers: two, Known: m})
		if got, err := DecodeTask(b); err != nil || got.Known != nil || len(got.Numbers) != 2 {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
		if got := KnownOf(appendColumn(EncodeBlock(some[:2]), blockKnown, marshal(m)), 2); got != nil {
			t.Errorf("%s: a block has %v", what, got)
		}
	}
}

// FuzzKnown: no bytes make KnownOf panic, and what it accepts survives.
func FuzzKnown(f *testing.F) {
	f.Add(AppendKnown(EncodeBlock(some), []Known{{At: 1, Factors: some[5:6]}}), 10)
	f.Fuzz(func(t *testing.T, b []byte, count int) {
		count = max(0, min(count, MaxCount))
		got := KnownOf(b, count)
		if got == nil {
			return
		}
		if again := KnownOf(AppendKnown(nil, got), count); !reflect.DeepEqual(got, again) && len(b) < MaxKnownBytes {
			t.Errorf("%v is read again as %v", got, again)
		}
	})
}
