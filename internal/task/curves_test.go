package task

import (
	"encoding/hex"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
	"factorfleet/internal/task/taskpb"
)

func sampleCurves() *CurvesTask {
	return &CurvesTask{
		Composite: nat.FromBig(composite), B1: 11e3, B2: 1100e3, Seed: 1<<64 - 1, Time: 3 * time.Second, Flush: time.Second,
	}
}

// TestCurvesGolden: other releases read and write these bytes.
func TestCurvesGolden(t *testing.T) {
	const wantTask = "0a0365636d12003a4a0a2a02c8d59af47c81ab3725b472be417e3bf7ab85439af726ed3dfdf66489d155dc0b771c7a50ef7c5e58fb" +
		"10f85518e0914320ffffffffffffffffff012880bcc1960b308094ebdc0340fca402"
	const wantYield = "0a0365636d12017740f8554a40" + "00000000000000000000000000000000" + "00000000000000000000000000000000" +
		"00000000000000000000000000000000" + "00000000000000000000000000000000" + "520161"
	task := Task{Kind: KindECM, Curves: sampleCurves(), WorkDigits: 37.5}
	if got := hex.EncodeToString(task.Encode()); got != wantTask {
		t.Errorf("a task is\n%s, want\n%s", got, wantTask)
	}
	yield := Yield{Kind: KindECM, Worker: "w", B1: 11e3, Evidence: make([]byte, GroupEvidence), Divisor: nat.New(97)}
	if got := hex.EncodeToString(yield.Encode()); got != wantYield {
		t.Errorf("a yield is\n%s, want\n%s", got, wantYield)
	}
}

// TestBeforeCurves: manifests and hints of a release without curves are read as before.
func TestBeforeCurves(t *testing.T) {
	n := nat.FromBig(composite).String()
	id := ChildID("job", 7, nat.FromBig(composite))
	p, err := DecodePart([]byte(`{"schema":1,"id":"` + id + `","parent":"job","position":7,"class":"norm","composite":"` + n +
		`","state":"sieve","params":"AQI=","next":5,"created":"2026-11-30T00:00:00Z"}`))
	if err == nil {
		err = p.Check()
	}
	if err != nil || p.Curves() || p.Next != 5 || len(p.Params) != 2 {
		t.Errorf("%+v, %v", p, err)
	}
	h, err := DecodeHint([]byte(`{"job":"job","position":7,"composite":"` + n + `","child":"` + id + `","first":9,"params":"AQ=="}`))
	if err != nil || h.First != 9 || h.Effort != nil {
		t.Errorf("%+v, %v", h, err)
	}
}

// TestHostileCurves: messages beyond the limits are refused.
func TestHostileCurves(t *testing.T) {
	for name, spoil := range map[string]func(*CurvesTask){
		"no composite":   func(c *CurvesTask) { c.Composite = nat.New(0) },
		"small":          func(c *CurvesTask) { c.Composite = nat.New(1<<64 - 1) },
		"long composite": func(c *CurvesTask) { c.Composite = some[6] },
		"no B1":          func(c *CurvesTask) { c.B1 = 0 },
		"B1":             func(c *CurvesTask) { c.B1, c.B2 = MaxB1+1, MaxB1+1 },
		"B2":             func(c *CurvesTask) { c.B2 = MaxB2 + 1 },
		"B2 below B1":    func(c *CurvesTask) { c.B2 = c.B1 - 1 },
	} {
		c := sampleCurves()
		spoil(c)
		if got, err := DecodeTask((&Task{Kind: KindECM, Curves: c}).Encode()); err == nil {
			t.Errorf("%s: accepted as %+v", name, got.Curves)
		}
	}
	for name, err := range map[string]error{
		"work":          second(DecodeTask(appendScalar(nil, taskWork, 1000*MaxWorkDigits+1))),
		"no curves":     second(DecodeTask(protowire.AppendBytes(protowire.AppendTag(nil, taskCurves, protowire.BytesType), nil))),
		"evidence":      second(DecodeYield(marshal(&taskpb.Yield{Evidence: make([]byte, GroupEvidence-1)}))),
		"long evidence": second(DecodeYield(marshal(&taskpb.Yield{Evidence: make([]byte, MaxYieldEvidence+GroupEvidence)}))),
		"long divisor":  second(DecodeYield((&Yield{Divisor: some[6]}).Encode())),
	} {
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, e := range map[string]Effort{
		"no B1": {{B1: 0}}, "B1": {{B1: MaxB1 + 1}}, "curves": {{B1: 1, Curves: MaxPosition + 1}}, "order": {{B1: 2}, {B1: 2}}, "long": make(Effort, MaxEffort+1),
	} {
		if e.Check() == nil {
			t.Errorf("an effort of bad %s: accepted", name)
		}
	}
}

// TestIsPartTask: a worker knows the tasks of campaigns before it decodes them.
func TestIsPartTask(t *testing.T) {
	for i := range tasks {
		want := tasks[i].Sieve != nil || tasks[i].Curves != nil
		if got := IsPartTask(tasks[i].Encode()); got != want {
			t.Errorf("%+v: %v", tasks[i], got)
		}
	}
}

// TestCurvesPartCheck changes one field at a time.
func TestCurvesPartCheck(t *testing.T) {
	for name, spoil := range map[string]func(*Part){
		"no seed":    func(p *Part) { p.Seed = 0 },
		"parameters": func(p *Part) { p.Params = []byte{1} },
		"sieve":      func(p *Part) { p.State = PartSieve },
		"effort":     func(p *Part) { p.Effort[0].B1 = 0 },
		"curve":      func(p *Part) { p.Curve.B1 = 0 },
	} {
		p := sampleCurvesPart()
		spoil(p)
		if p.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	done := sampleCurvesPart()
	done.State = PartDone
	if err := done.Check(); err != nil {
		t.Error(err)
	}
}
