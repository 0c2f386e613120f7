package test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// wantRecords checks that each message of FACTOR_DEAD has one header that says in JSON what `nats stream view` cannot show,
// because the payload is protobuf, and that the final one says why.
func (s *server) wantRecords(reason string) {
	s.t.Helper()
	final := 0
	for _, subject := range s.subjects(schema.StreamDead) {
		m, err := s.stream(schema.StreamDead).GetLastMsgForSubject(s.t.Context(), subject)
		if err != nil {
			s.t.Fatal(err)
		}
		var r schema.Record
		if err := json.Unmarshal([]byte(m.Header.Get(schema.HeaderRecord)), &r); err != nil {
			s.t.Errorf("%s: header %v: %v", subject, m.Header, err)
			continue
		}
		place, err := schema.ParseSubject(subject)
		if err != nil {
			s.t.Fatal(err)
		}
		if r.Job != place.Job || r.Range != place.Range.String() || r.Worker != place.Worker || r.Time.IsZero() {
			s.t.Errorf("%s: %+v", subject, r)
		}
		if r.Record == schema.RecordDead {
			final++
			if r.Reason != reason || r.Number != "1000017" || r.Attempt != 3 {
				s.t.Errorf("%s: %+v", subject, r)
			}
		}
	}
	if final != 1 {
		s.t.Errorf("%d final records", final)
	}
}

// TestForgedRecord: the header of a dead letter is for people only. A worker that writes another one there deceives no
// program.
func TestForgedRecord(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.run("producer", "submit --detach --id j 15 21").wantCode(0)
	_, js := s.connect()
	forged := `{"record":"given up","job":"j","range":"0-1","worker":"sweeper","attempt":3,"reason":"forged","time":"2026-01-01T00:00:00Z"}`
	m := deadLetterOf("j", "0-1", "liar")
	m.Header.Set(schema.HeaderRecord, forged)
	if _, err := js.PublishMsg(t.Context(), m, jetstream.WithExpectStream(schema.StreamDead)); err != nil {
		t.Fatal(err)
	}
	if letters := report[[]struct{ Final bool }](s, "dead ls j"); len(letters) != 0 {
		t.Errorf("a forged header made a dead letter final: %+v", letters)
	}
	s.consumer("-n 1")
	checkAnswers(t, "15\n21\n", s.run("producer", "wait j").wantCode(0).stdout.String())
}

// deadLetterOf returns the dead letter of a worker for a range.
func deadLetterOf(job, r, worker string) *nats.Msg {
	failure := task.Failure{Kind: task.KindFactor, Worker: worker, Attempt: 3, Err: "too hard", Time: time.Now()}
	return &nats.Msg{Subject: schema.DeadPrefix + job + "." + r + "." + worker, Header: schema.Header(), Data: failure.Encode()}
}
