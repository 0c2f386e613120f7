package fleet

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/natsconn"
	"factorfleet/internal/schema"
)

// complete returns the snapshot of a server with a fleet as Init makes it.
func complete() Snapshot {
	s := Snapshot{
		Version: "2.15.2", MaxPayload: 1 << 20,
		Streams: make(map[string]*jetstream.StreamInfo), Durables: make(map[string]*jetstream.ConsumerInfo),
	}
	for _, w := range wantedStreams(Provision{}) {
		s.Streams[w.config.Name] = &jetstream.StreamInfo{Config: w.config}
	}
	for _, w := range wantedDurables(Snapshot{}, Provision{}) {
		s.Durables[w.config.Durable] = &jetstream.ConsumerInfo{Config: w.config}
	}
	return s
}

// empty returns the snapshot of a server without a fleet, in an account without limits.
func empty() Snapshot {
	s := complete()
	for name := range s.Streams {
		s.Streams[name] = nil
	}
	for name := range s.Durables {
		s.Durables[name] = nil
	}
	s.Account = &jetstream.AccountInfo{Tier: jetstream.Tier{Limits: unlimitedAccount()}}
	return s
}

func unlimitedAccount() jetstream.AccountLimits {
	return jetstream.AccountLimits{MaxMemory: -1, MaxStore: -1, MaxStreams: -1, MaxConsumers: -1, MaxAckPending: -1}
}

// TestServerFindings: what is said of one fault of a server or of its streams.
func TestServerFindings(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name   string
		of     func() Snapshot
		change func(*Snapshot)
		want   []string // of each finding: its kind, and a part of its text
	}{
		{"a fleet", complete, func(*Snapshot) {}, nil},
		{"nothing known", complete, func(s *Snapshot) { *s = Snapshot{} }, nil},
		{"2.10", complete, func(s *Snapshot) { s.Version = "2.10.29" }, []string{"unfit this nats server has version 2.10.29; needed: 2.12 or newer; upgrade"}},
		{"2.11", complete, func(s *Snapshot) { s.Version = "2.11.9" }, []string{"unfit version 2.11.9"}},
		{"1.4", complete, func(s *Snapshot) { s.Version = "1.4.1" }, []string{"unfit version 1.4.1"}},
		{"a beta of 2.12", complete, func(s *Snapshot) { s.Version = "2.12.0-beta.2" }, nil},
		{"a candidate", complete, func(s *Snapshot) { s.Version = "v2.14.0-RC.1" }, nil},
		{"3.0", complete, func(s *Snapshot) { s.Version = "3.0.0" }, nil},
		{"a development build", complete, func(s *Snapshot) { s.Version = "dev" }, nil},
		{"no minor version", complete, func(s *Snapshot) { s.Version = "2" }, nil},
		{"a false version", complete, func(s *Snapshot) { s.Version = "2.9\x1b[2J" }, nil},
		{"max_payload", complete, func(s *Snapshot) { s.MaxPayload = 64 << 10 }, []string{"unfit max_payload of this nats server is 64 KiB; needed: at least 772 KiB (790528); set `max_payload: 1MB`"}},
		{"the least payload", complete, func(s *Snapshot) { s.MaxPayload = 790528 }, nil},

		{"an empty server", empty, func(*Snapshot) {}, []string{"missing the streams of the fleet are missing; run `producer init`"}},
		{"storage", empty, func(s *Snapshot) { missingOnly(s); s.Account.Limits.MaxStore = 10 << 20 },
			[]string{"unfit JetStream may store 10 MiB in this account, of which 0 B are reserved; needed: 1 GiB more, which FACTOR_TASKS reserves; raise", "missing stream FACTOR_TASKS is missing; run `producer init`"}},
		{"storage for all replicas", empty, func(s *Snapshot) { missingOnly(s); s.Account.Limits.MaxStore = 2 << 30 }, []string{"missing FACTOR_TASKS"}},
		{"storage that is reserved", empty, func(s *Snapshot) {
			missingOnly(s)
			s.Account.Limits.MaxStore, s.Account.ReservedStore = 2<<30, 1<<30+1
		}, []string{"unfit of which 1 GiB are reserved", "missing FACTOR_TASKS"}},
		{"a tier", empty, func(s *Snapshot) {
			missingOnly(s)
			small := unlimitedAccount()
			small.MaxStore = 1 << 20
			s.Account.Tiers = map[string]jetstream.Tier{"R1": {Limits: small}}
		}, []string{"unfit JetStream may store 1 MiB", "missing FACTOR_TASKS"}},
		{"streams", empty, func(s *Snapshot) { missingOnly(s); s.Account.Limits.MaxStreams, s.Account.Streams = 3, 3 },
			[]string{"unfit the account may have 3 streams and has 3; needed: 1 more; set the account's max_streams to at least 4", "missing FACTOR_TASKS"}},
		{"consumers", empty, func(s *Snapshot) { missingOnly(s); s.Account.Limits.MaxConsumers = 3 }, []string{"unfit the account permits 3 consumers of a stream; needed: at least 8", "missing FACTOR_TASKS"}},
		{"a stream's bytes", empty, func(s *Snapshot) { missingOnly(s); s.Account.Limits.StoreMaxStreamBytes = 1 << 20 }, []string{"unfit 1 MiB; needed: 1 GiB", "missing FACTOR_TASKS"}},
		{"bytes are required", empty, func(s *Snapshot) { missingOnly(s); s.Account.Limits.MaxBytesRequired = true }, []string{"unfit requires a limit of bytes", "missing FACTOR_TASKS"}},
		{"limits that matter no more", complete, func(s *Snapshot) {
			limits := unlimitedAccount()
			limits.MaxStore, limits.MaxStreams = 1, 1
			s.Account = &jetstream.AccountInfo{Tier: jetstream.Tier{Limits: limits, Streams: 8}}
		}, nil},

		{"a foreign stream", empty, func(s *Snapshot) {
			missingOnly(s)
			s.Foreign = map[string][]ForeignStream{schema.StreamTasks: {{"OTHER", []string{"FACTOR.>"}}, {"OTHER", []string{"FACTOR.>"}}}}
		}, []string{"foreign stream OTHER has the subjects FACTOR.>, which stream FACTOR_TASKS needs; change its subjects with `nats stream edit OTHER", "missing FACTOR_TASKS"}},

		{"paused", complete, func(s *Snapshot) {
			d := s.Durables["workers-norm"]
			d.Paused, d.Config.PauseUntil = true, &until
		}, []string{"paused durable workers-norm is paused until 2026-12-01 10:00:00 UTC; run `nats consumer resume FACTOR_TASKS workers-norm -f`"}},
		{"a durable is missing", complete, func(s *Snapshot) { s.Durables["workers-hi"] = nil }, []string{"missing durable workers-hi of stream FACTOR_TASKS is missing; run `producer init`"}},
		{"a bucket is missing", complete, func(s *Snapshot) { s.Streams["KV_FACTOR_LEASES"] = nil }, []string{"missing bucket FACTOR_LEASES is missing"}},

		{"max age", complete, func(s *Snapshot) { s.Streams["FACTOR_RESULTS"].Config.MaxAge = time.Hour },
			[]string{"differs FACTOR_RESULTS has max age 1h0m0s, not 0s; `nats stream edit FACTOR_RESULTS --max-age=0s -f`"}},
		{"retention", complete, func(s *Snapshot) { s.Streams["FACTOR_DEAD"].Config.Retention = jetstream.InterestPolicy },
			[]string{"differs FACTOR_DEAD has retention Interest, not Limits; remove it and its messages with `nats stream rm FACTOR_DEAD -f`, then run `producer init` again"}},
		{"ack wait of the sweeper", complete, func(s *Snapshot) { s.Durables["sweeper"].Config.AckWait = time.Hour },
			[]string{"differs FACTOR_RETURNS > sweeper has ack wait 1h0m0s, not 10s; `nats consumer edit FACTOR_RETURNS sweeper --wait=10s -f`"}},
		{"bytes of the queue", complete, func(s *Snapshot) { s.Streams["FACTOR_TASKS"].Config.MaxBytes = -1 }, nil},
		{"a choice of the user", complete, func(s *Snapshot) { s.Durables["sweeper"].Config.MaxAckPending = 17 }, []string{"differs max ack pending 17, not 8192"}},
		{"an earlier release", complete, func(s *Snapshot) { s.Durables["sweeper"].Config.MaxAckPending = 1000 },
			[]string{"outdated FACTOR_RETURNS > sweeper has max ack pending 1000, not 8192; run `producer init`"}},
		{"a new subject", complete, func(s *Snapshot) { s.Streams["FACTOR_DEAD"].Config.Subjects = []string{"FACTOR.dead.>"} }, []string{"outdated FACTOR_DEAD has subjects FACTOR.dead.>, not FACTOR.dead.>,FACTOR.failed.>"}},
		{"another subject", complete, func(s *Snapshot) { s.Streams["FACTOR_DEAD"].Config.Subjects = []string{"x"} }, []string{"differs FACTOR_DEAD has subjects x"}},
		{"a description", complete, func(s *Snapshot) { s.Streams["FACTOR_DEAD"].Config.Description = "old" }, []string{`outdated FACTOR_DEAD has description "old"`}},
		{"old heartbeats", complete, func(s *Snapshot) { s.Streams["KV_FACTOR_WORKERS"].Config.AllowRollup = true }, []string{"outdated bucket FACTOR_WORKERS has settings with which a worker"}},
		{"three replicas and another ack wait", complete, func(s *Snapshot) {
			for _, info := range s.Streams {
				info.Config.Replicas = 3
			}
			for _, class := range []string{"hi", "norm", "low"} {
				s.Durables["workers-"+class].Config.AckWait = time.Minute
			}
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := test.of()
			test.change(&s)
			list := Findings(s, Provision{})
			if len(list) != len(test.want) {
				t.Fatalf("findings %q, want %q", list, test.want)
			}
			for i, f := range list {
				kind, part, _ := strings.Cut(test.want[i], " ")
				if string(f.Kind) != kind || !strings.Contains(f.String(), part) {
					t.Errorf("%s %q, want %q", f.Kind, f, test.want[i])
				}
			}
		})
	}
}

// missingOnly leaves FACTOR_TASKS as the only thing that is missing.
func missingOnly(s *Snapshot) {
	full := complete()
	full.Streams[schema.StreamTasks] = nil
	s.Streams, s.Durables = full.Streams, full.Durables
}

// TestObstacles: which findings stop Init, with which error and which hint.
func TestObstacles(t *testing.T) {
	t.Parallel()
	all := []Finding{
		{Kind: Missing, What: "a"}, {Kind: Outdated, What: "b"}, {Kind: Paused, What: "c"},
		{Kind: Differs, What: "d", Remedy: "do d"}, {Kind: Differs, What: "e", Remedy: "do d"}, {Kind: Unfit, What: "f", Want: "g", Remedy: "do f"},
	}
	err := obstacle(all, []FindingKind{Unfit, Foreign, Differs})
	if !errors.Is(err, natsconn.ErrConnect) || err.Error() != "f; needed: g" || err.(*findingsError).Hint() != "do f" {
		t.Errorf("%v", err)
	}
	err = obstacle(all[:5], []FindingKind{Unfit, Foreign, Differs})
	if !errors.Is(err, ErrDiffers) || err.Error() != "conflict: d; e" || err.(*findingsError).Hint() != "do d" {
		t.Errorf("%v", err)
	}
	all[3].keep, all[4].keep = "--replicas 3", "--ack-wait 2s"
	if hint := obstacle(all[:5], []FindingKind{Differs}).(*findingsError).Hint(); hint != "`producer init --replicas 3 --ack-wait 2s` keeps what exists; or change it: do d" {
		t.Error(hint)
	}
	if err := obstacle(all[:5], []FindingKind{Unfit, Foreign}); err != nil {
		t.Errorf("%v", err)
	}
}

// TestReplicasDiffer: settings of this call that differ from those of the server are named with the flag that keeps them.
func TestReplicasDiffer(t *testing.T) {
	t.Parallel()
	s := complete()
	s.Streams["FACTOR_TASKS"].Config.Replicas = 3
	list := Findings(s, Provision{Replicas: 1})
	if len(list) != 1 || !strings.HasSuffix(list[0].String(), "; `producer init --replicas 3` keeps it, `nats stream edit FACTOR_TASKS --replicas=1 -f` changes it") {
		t.Errorf("%q", list)
	}
	if list := Findings(s, Provision{}); !slices.ContainsFunc(list, func(f Finding) bool { return strings.HasPrefix(f.What, "FACTOR_INPUTS has replicas 1, not 3") }) {
		t.Errorf("%q", list)
	}
}

// TestMerged: what differs in the same way in several streams or durables is one part of the error, so that it stays
// readable.
func TestMerged(t *testing.T) {
	t.Parallel()
	s := complete()
	s.Streams["FACTOR_DEAD"].Config.MaxAge, s.Streams["FACTOR_RESULTS"].Config.MaxAge = time.Hour, time.Hour
	err := obstacle(Findings(s, Provision{Replicas: 3, AckWait: time.Minute}), []FindingKind{Differs}).(*findingsError)
	want := "conflict: FACTOR_TASKS, FACTOR_INPUTS and 6 others have replicas 1, not 3; FACTOR_RESULTS, FACTOR_DEAD have max age 1h0m0s, not 0s; " +
		"FACTOR_TASKS > workers-hi, FACTOR_TASKS > workers-norm, FACTOR_TASKS > workers-low have ack wait 30s, not 1m0s"
	if err.Error() != want {
		t.Error(err)
	}
	want = "`producer init --replicas 1 --ack-wait 30s` keeps what exists; or change it: `nats stream edit NAME --replicas=3 -f` for each; " +
		"`nats stream edit NAME --max-age=0s -f` for each; `nats consumer edit FACTOR_TASKS NAME --wait=1m0s -f` for each"
	if err.Hint() != want {
		t.Error(err.Hint())
	}
}

// TestAdopt: what is missing is made like what exists, such as in a cluster of three.
func TestAdopt(t *testing.T) {
	t.Parallel()
	s := complete()
	for _, info := range s.Streams {
		info.Config.Replicas = 3
	}
	s.Streams["KV_FACTOR_WORKERS"], s.Durables["workers-low"] = nil, nil
	for _, name := range []string{"workers-hi", "workers-norm"} {
		s.Durables[name].Config.AckWait = time.Minute
	}
	p := Provision{Adopt: true}.adopt(s)
	if p.Replicas != 3 || p.AckWait != time.Minute {
		t.Errorf("%+v", p)
	}
	if list := steps(s, p); len(list) != 2 || list[0].What != "bucket FACTOR_WORKERS" || list[1].What != "durable workers-low" {
		t.Errorf("%+v", list)
	}
}
