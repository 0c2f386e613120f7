package task

import (
	"bytes"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
	"factorfleet/internal/task/taskpb"
)

var yields = []Yield{
	{Kind: KindSieve},
	{Kind: KindSieve, Worker: "lab3", Version: "0.1.0", Params: 1<<64 - 1, CPU: time.Second, Wall: 1, Relations: bytes.Repeat([]byte{7}, 5000)},
	{Kind: KindECM, Worker: "lab3", B1: 11e3, Evidence: bytes.Repeat([]byte{7}, 3*GroupEvidence), Divisor: nat.New(1 << 63), Sigma: 1<<64 - 1},
}

// composite is RSA-100.
var composite, _ = new(big.Int).SetString("1522605027922533360535618378132637429718068114961380688657908494580122963258952897654000350692006139", 10)

func samplePart() *Part {
	n := nat.FromBig(composite)
	return &Part{
		Schema: 1, ID: ChildID("job", 7, n), Parent: "job", Position: 7, Class: ClassNorm, Composite: n, State: PartDone,
		Params: []byte{1, 2}, Divisors: []nat.Nat{nat.New(17)}, Created: now.UTC(), Note: "n",
	}
}

func sampleCurvesPart() *Part {
	p := samplePart()
	p.State, p.Params, p.Divisors, p.Seed, p.Effort = PartCurves, nil, nil, 1<<64-1, Effort{{B1: 11e3, Curves: 8}, {B1: MaxB1, Curves: MaxPosition}}
	p.Curve = &Curve{B1: 1, B2: 1}
	return p
}

func sampleHints() []*Hint {
	n := nat.FromBig(composite)
	return []*Hint{
		{Job: "job", Composite: n},
		{Job: "job", Position: 7, Composite: n, Child: ChildID("job", 7, n), First: 1 << 40, Params: []byte{1}},
		{Job: "job", Position: 7, Composite: n, Divisors: []nat.Nat{nat.New(17), nat.New(1 << 63)}},
		{Job: "job", Position: 7, Composite: n, Effort: Effort{{B1: 11e3, Curves: 8}}, Curve: &Curve{B1: 11e3, B2: 1100e3, Sigma: 1<<64 - 1}},
	}
}

func TestCampaignRoundTrip(t *testing.T) {
	for i := range yields {
		got, err := DecodeYield(yields[i].Encode())
		checkEqual(t, got, &yields[i], err)
	}
	for _, part := range []*Part{samplePart(), sampleCurvesPart()} {
		got, err := DecodePart(part.Encode())
		checkEqual(t, got, part, err)
		if err := got.Check(); err != nil {
			t.Error(err)
		}
	}
	for _, h := range sampleHints() {
		got, err := DecodeHint(h.Encode())
		checkEqual(t, got, h, err)
	}
}

// TestChildID: the id depends on each argument, and is one that every release computes.
func TestChildID(t *testing.T) {
	n := nat.FromBig(composite)
	const want = "cgng1v211jwmc"
	ids := []string{ChildID("job", 7, n), ChildID("jo", 7, n), ChildID("job", 8, n), ChildID("job", 7, nat.New(15)), ChildID("job7", 0, n)}
	for i, id := range ids {
		if CheckJob(id) != nil || len(id) != 13 || !IsChildID(id) {
			t.Errorf("%q is no id", id)
		}
		if i > 0 && id == ids[0] {
			t.Errorf("two parts have the id %q", id)
		}
	}
	for _, id := range []string{"", "c", NewJobID(now), ids[0][1:], ids[0] + "0", "d" + ids[0][1:], "c01234567890i", "c01234567890A"} {
		if IsChildID(id) {
			t.Errorf("%q has the form of an id of a part", id)
		}
	}
	if ids[0] != want {
		t.Errorf("id %q, want %q", ids[0], want)
	}
}

// TestHostileSieve: messages beyond the limits of a campaign are refused.
func TestHostileSieve(t *testing.T) {
	long := make([]byte, MaxSieveParams+1)
	empty := protowire.AppendBytes(protowire.AppendTag(nil, taskSieve, protowire.BytesType), nil)
	big := marshal(&taskpb.Yield{Relations: make([]byte, MaxYieldRelations+1)})
	padded := append((&Yield{}).Encode(), protowire.AppendBytes(protowire.AppendTag(nil, 99, protowire.BytesType), make([]byte, MaxYieldBytes))...)
	for name, err := range map[string]error{
		"long parameters": second(DecodeTask((&Task{Kind: KindSieve, Sieve: &SieveTask{Params: long}}).Encode())),
		"no parameters":   second(DecodeTask(empty)),
		"long relations":  second(DecodeYield(big)),
		"padded yield":    second(DecodeYield(padded)),
		"no protobuf":     second(DecodeYield([]byte("hello"))),
		"no part":         second(DecodePart([]byte("hello"))),
		"negative part":   second(DecodePart([]byte(`{"composite":"-1"}`))),
		"long composite":  second(DecodePart([]byte(`{"composite":"` + strings.Repeat("9", 20_000) + `"}`))),
		"no hint":         second(DecodeHint([]byte("hello"))),
		"empty hint":      second(DecodeHint([]byte("{}"))),
		"long hint":       second(DecodeHint(append(sampleHints()[0].Encode(), make([]byte, MaxHintBytes)...))),
	} {
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if got, err := DecodeTask((&Task{Sieve: &SieveTask{Params: []byte{1}, Time: -1}}).Encode()); err != nil || got.Sieve.Time < 0 {
		t.Errorf("a negative time arrives as %+v, %v", got, err)
	}
}

// TestYieldIsNoResult: a program that takes a yield for a result finds no answers in it.
func TestYieldIsNoResult(t *testing.T) {
	r, err := DecodeResult(yields[1].Encode())
	if err == nil && len(r.Items) > 0 {
		t.Errorf("decoded as %+v", r)
	}
}

// TestPartCheck and TestHintCheck change one field at a time.
func TestPartCheck(t *testing.T) {
	for name, spoil := range map[string]func(*Part){
		"newer":             func(p *Part) { p.Schema++ },
		"another id":        func(p *Part) { p.ID = "c" + p.ID[1:12] + "x" },
		"parent":            func(p *Part) { p.Parent = "a.b" },
		"another parent":    func(p *Part) { p.Parent = "other" },
		"position":          func(p *Part) { p.Position = MaxPosition },
		"next":              func(p *Part) { p.Next = MaxPosition },
		"class":             func(p *Part) { p.Class = "x" },
		"state":             func(p *Part) { p.State = "" },
		"small composite":   func(p *Part) { p.Composite = nat.New(15) },
		"no parameters":     func(p *Part) { p.Params = nil },
		"long parameters":   func(p *Part) { p.Params = make([]byte, MaxSieveParams+1) },
		"divisor 1":         func(p *Part) { p.Divisors[0] = nat.New(1) },
		"divisor itself":    func(p *Part) { p.Divisors[0] = p.Composite },
		"too many divisors": func(p *Part) { p.Divisors = make([]nat.Nat, MaxDivisors+1) },
		"seed of a sieve":   func(p *Part) { p.Seed = 1 },
		"effort":            func(p *Part) { p.Effort = make(Effort, MaxEffort+1) },
	} {
		p := samplePart()
		spoil(p)
		if p.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	p := samplePart()
	p.Note = "a\nb"
	if err := p.Check(); err != nil || p.Note != "a b" {
		t.Errorf("note %q, %v", p.Note, err)
	}
}

func TestHintCheck(t *testing.T) {
	for name, spoil := range map[string]func(*Hint){
		"job":               func(h *Hint) { h.Job = "" },
		"position":          func(h *Hint) { h.Position = MaxPosition },
		"another position":  func(h *Hint) { h.Position++ },
		"first":             func(h *Hint) { h.First = MaxPosition },
		"another part":      func(h *Hint) { h.Child = ChildID("job", 8, h.Composite) },
		"no part":           func(h *Hint) { h.Child = "" },
		"no parameters":     func(h *Hint) { h.Params = nil },
		"long parameters":   func(h *Hint) { h.Params = make([]byte, MaxSieveParams+1) },
		"small composite":   func(h *Hint) { h.Composite = nat.New(15) },
		"divisor 1":         func(h *Hint) { h.Divisors = []nat.Nat{nat.New(1)} },
		"too many divisors": func(h *Hint) { h.Divisors = make([]nat.Nat, MaxDivisors+1) },
		"effort":            func(h *Hint) { h.Effort = make(Effort, MaxEffort+1) },
		"curve":             func(h *Hint) { h.Curve = &Curve{B1: 2, B2: 1} },
	} {
		h := sampleHints()[1]
		spoil(h)
		if got, err := DecodeHint(h.Encode()); err == nil {
			t.Errorf("%s: accepted as %+v", name, got)
		}
	}
}

// TestOldWorker: a worker that does not know the field finds no numbers in a sieve task, so that it rejects the task.
func TestOldWorker(t *testing.T) {
	task := Task{Kind: KindSieve, Sieve: &SieveTask{Params: []byte{1}}}
	b := task.Encode()
	at := bytes.Index(b, protowire.AppendTag(nil, taskSieve, protowire.BytesType))
	got, err := decodeTask(b[:at])
	if want := (&Task{Kind: KindSieve, Numbers: []nat.Nat{}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}
