package fleet

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

func TestRegistry(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	names := func() (text string) {
		t.Helper()
		list, err := h.Workers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			if s.Seen.IsZero() || s.Instance == "" {
				t.Errorf("%+v", s)
			}
			text += fmt.Sprintf("%s:%d ", s.Name, s.Slots)
		}
		return text
	}
	if got := names(); got != "" {
		t.Errorf("without heartbeats the list is %s", got)
	}
	stations := []*station{h.station("b"), h.station("a"), h.station("a")}
	beat := func(s *station, slots int) {
		t.Helper()
		// What it says of its name does not count.
		if err := s.Beat(worker.Status{Name: "x", Instance: "y", Stats: worker.Stats{Slots: slots}}); err != nil {
			t.Fatal(err)
		}
		if err := s.nc.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range stations {
		beat(s, 10*i)
		beat(s, 10*i+1)
	}
	await(t, "all beats", func() bool { got := names(); return got == "a:11 a:21 b:1 " || got == "a:21 a:11 b:1 " })
	h.put(schema.KeyPrefix(schema.BucketWorkers)+"rogue.i", []byte("no json"))
	if err := stations[0].Leave(); err != nil {
		t.Fatal(err)
	}
	await(t, "b has left", func() bool { got := names(); return got == "a:11 a:21 " || got == "a:21 a:11 " })
	nc, js := h.connect()
	if _, err := puller.Open(t.Context(), nc, js, "Not A Name", stream.Options{}); err == nil {
		t.Error("a bad name was accepted")
	}
}

// TestHostileActivities: the activities in a heartbeat are made fit to be printed.
func TestHostileActivities(t *testing.T) {
	t.Parallel()
	text := `{"state":"paused","pause":"a\u001b[2J\nb","activities":[
		{"job":"j","position":7,"digits":75,"method":"siqs","done":5,"total":10,"cores":2,"left_ns":1000000000,"composite":"1000000000000000000000000000000000000007"},
		{"job":"no.job","position":7,"method":"siqs"},
		{"job":"j","position":18446744073709551615,"method":"siqs"},
		{"job":"j","position":1,"digits":-5,"method":"a\u001b[2J\nb` + strings.Repeat("x", 1200) + `","cores":-1,"left_ns":-1,"composite":"0x7"},
		{"job":"j","method":"siqs","composite":"` + strings.Repeat("1", task.MaxPartDigits+1) + `"},
		{"job":"j","method":"siqs","composite":"00"}` +
		strings.Repeat(`,{"job":"j","method":"ecm","cores":1}`, 20) + `]}`
	s, ok := decodeStatus("w.i", []byte(text))
	if !ok || len(s.Activities) != worker.MaxActivities-2 {
		t.Fatalf("%v, %+v", ok, s.Activities)
	}
	if s.Pause == "" || strings.ContainsAny(s.Pause, "\x1b\n") {
		t.Errorf("pause %q", s.Pause)
	}
	want := worker.Activity{Job: "j", Position: 7, NumberProgress: worker.NumberProgress{Digits: 75, Method: "siqs", Done: 5, Total: 10, Cores: 2, Left: time.Second, Composite: "1000000000000000000000000000000000000007"}}
	if s.Activities[0] != want {
		t.Errorf("%+v, want %+v", s.Activities[0], want)
	}
	for _, a := range s.Activities[1:] {
		if a.Composite != "" {
			t.Errorf("composite %.40q", a.Composite)
		}
	}
	if a := s.Activities[1]; a.Digits != 0 || a.Cores != 1 || a.Left != 0 || len(a.Method) > 1000 || strings.ContainsAny(a.Method, "\x1b\n") {
		t.Errorf("%+v", a)
	}
}

// TestOrders: a worker gets the orders that concern it, and no others.
func TestOrders(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	w := h.station("w")
	heard := make(chan string, 10)
	err := w.Listen(t.Context(), puller.Orders{
		Cancel: func(job string) { heard <- "cancel " + job }, Finish: func(job string) { heard <- "finish " + job }, Quarantine: func() { heard <- "quarantine" }, Release: func() { heard <- "release" },
		Hint: func(h *task.Hint) { heard <- "hint " + h.Composite.String() },
	})
	if err != nil {
		t.Fatal(err)
	}
	deaf := h.station("deaf")
	if err := deaf.Listen(t.Context(), puller.Orders{}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*station{w, deaf} {
		if err := s.nc.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	// An answer of the server that another client has had sent there is not obeyed.
	for _, subject := range []string{schema.CancelPrefix + "unasked", schema.QuarantinePrefix + "w"} {
		if err := h.nc.PublishRequest("$JS.API.INFO", subject, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{
		schema.CancelPrefix + "a.b", schema.CancelPrefix + "j", schema.QuarantinePrefix + "other", schema.QuarantinePrefix + "w", schema.ReleasePrefix + "other", schema.ReleasePrefix + "w",
		schema.FinishPrefix + "a.b", schema.FinishPrefix + "j", schema.QuarantinePrefix + "deaf", schema.ReleasePrefix + "deaf", "FACTOR.ctl.unknown", schema.CancelPrefix + "last",
	} {
		if err := h.nc.PublishMsg(order(subject)); err != nil {
			t.Fatal(err)
		}
	}
	hint := &task.Hint{Job: "j", Composite: nat.FromBig(new(big.Int).Lsh(big.NewInt(1), 100))}
	for _, o := range []struct {
		worker string
		data   []byte
	}{{"other", hint.Encode()}, {"w", []byte("{}")}, {"deaf", hint.Encode()}, {"w", hint.Encode()}} {
		m := order(schema.HintPrefix + o.worker)
		m.Data = o.data
		if err := h.nc.PublishMsg(m); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"cancel j", "quarantine", "release", "finish j", "cancel last", "hint 1267650600228229401496703205376"} {
		if got := <-heard; got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
	}
}
