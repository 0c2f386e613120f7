package task

import (
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task/taskpb"
)

var (
	longest = nat.FromBig(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), MaxBits), big.NewInt(1)))
	tooLong = nat.FromBig(new(big.Int).Lsh(big.NewInt(1), MaxBits+7))
	square  = nat.FromBig(new(big.Int).Mul(longest.Big(), longest.Big()))
	some    = []nat.Nat{nat.New(0), nat.New(1), nat.New(255), nat.New(256), nat.New(1<<64 - 1), nat.FromBytes([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0}), longest}
	now     = time.UnixMilli(1795171200123)
)

var (
	tasks = []Task{
		{Numbers: []nat.Nat{}},
		{Kind: KindFactor, Numbers: some, Budget: time.Minute, Predicted: 3 * time.Second, Certify: true},
		{Kind: KindSquare, Numbers: make([]nat.Nat, MaxCount)},
		{Kind: KindSieve, Numbers: []nat.Nat{}, Sieve: &SieveTask{Params: []byte{1, 2, 3}, Time: 3 * time.Second, Flush: time.Second}},
		{Kind: KindSieve, Numbers: []nat.Nat{}, Sieve: &SieveTask{Params: make([]byte, MaxSieveParams)}},
		{Kind: KindECM, Numbers: []nat.Nat{}, Curves: sampleCurves()},
		{Kind: KindFactor, Numbers: some, WorkDigits: 37.5},
		{Kind: KindFactor, Numbers: some, One: true, Known: []Known{{1, []nat.Nat{some[5], longest}}, {4, []nat.Nat{nat.New(2)}}}},
		{Kind: "exec:a", Numbers: []nat.Nat{ItemNumber(nil), ItemNumber([]byte("a line")), ItemNumber(make([]byte, MaxItem))}},
	}
	results = []Result{
		{Items: []Factorization{}},
		{
			Kind: KindFactor, Worker: "lab3", Version: "0.1.0", Attempt: 2, Elapsed: time.Second, Asked: 1<<64 - 1, Budget: time.Hour,
			Items: []Factorization{
				{Factors: []Factor{}, Method: "trivial"},
				{Factors: []Factor{{nat.New(2), 3, Prime}, {nat.New(3), 1<<32 - 1, PRP}, {longest, 1, Composite}}, Method: "rho(seed=1)", CPU: time.Millisecond},
				{Factors: []Factor{{nat.New(7), 1, Prime}}, Method: "trivial", CPU: 1, Wall: time.Hour},
				{Factors: []Factor{{longest, 1, Composite}}, Method: "unfinished after trial", CPU: 1, Effort: 31.4},
			},
		},
		{Kind: KindSquare, Items: []Factorization{{Factors: []Factor{{square, 1, Value}}}}, Asked: 1},
		{Kind: KindFactor, Items: []Factorization{{Factors: []Factor{{some[4], 1, Prime}}}}, Origin: Origin{
			Kernels: "avx512", Began: now, Ended: now.Add(1500 * time.Millisecond), Round: "mi2k0q4x", ChunkCount: 43, ChunkBefore: 42,
		}},
		{Kind: "exec:a", Items: []Factorization{{Factors: ItemAnswer(nil), Method: "exec"}, {Factors: ItemAnswer(make([]byte, MaxItem)), Method: "exec"}}, Asked: 5},
		{Kind: KindFactor, Asked: 77, Items: []Factorization{
			{Factors: []Factor{{nat.New(2), 1, Prime}, {some[5], 1, Prime}, {longest, 1, Prime}}, Certificates: []string{"", "18446744073709551616 -2:3", "x"}},
			{Factors: []Factor{{nat.New(7), 1, Prime}}},
			{Factors: []Factor{{longest, 1, Prime}}, Certificates: []string{strings.Repeat("1", MaxCertificate)}},
		}},
	}
	returns  = []Return{{}, {Reason: Isolate, Detail: "a worker died on it", Pieces: 64}}
	failures = []Failure{
		{Numbers: []nat.Nat{}, Time: time.UnixMilli(0)},
		{
			Kind: KindFactor, Class: ClassHi, Worker: "lab3", Version: "0.1.0", Attempt: 3, Err: "panic: é",
			Elapsed: time.Hour, Time: now, Numbers: some, Budget: time.Minute, Certify: true, Instance: "i1",
		},
		{
			Worker: "sweeper", Numbers: []nat.Nat{}, Time: now, Watched: now.Add(-time.Hour), Seen: []Seen{
				{Worker: "lab3", Range: Range{First: 64, Count: 64}, Round: "0", From: now.Add(-time.Minute), Until: now, End: SeenSilent},
				{Worker: "lab4", Range: Range{First: 70, Count: 1}, Round: "12", Until: now, End: SeenReturned},
			},
		},
	}
	jobs = []Job{
		{},
		{
			ID: "x", Schema: 1, Kind: KindFactor, Class: ClassLow, Chunk: "auto", Budget: time.Minute, Certify: true, Keep: time.Hour, State: Done, Note: "n", WorkDigits: 35,
			Created: now.UTC(), Ended: new(now.UTC()), Expires: new(now.UTC()),
			Count: 5, Digest: "ab", BadCount: 1, Bad: []BadToken{{"-", 3, `"x"`, "not a non-negative decimal integer"}}, Verified: 3, Unfinished: 1, Dead: 1,
		},
	}
)

func TestRoundTrip(t *testing.T) {
	for i := range tasks {
		got, err := DecodeTask(tasks[i].Encode())
		checkEqual(t, got, &tasks[i], err)
	}
	for i := range results {
		got, err := decodeOwn(results[i].Encode())
		checkEqual(t, got, &results[i], err)
	}
	for i := range returns {
		got, err := DecodeReturn(returns[i].Encode())
		checkEqual(t, got, &returns[i], err)
	}
	for i := range failures {
		got, err := DecodeFailure(failures[i].Encode())
		checkEqual(t, got, &failures[i], err)
	}
	for i := range jobs {
		got, err := DecodeJob(jobs[i].Encode())
		checkEqual(t, got, &jobs[i], err)
	}
	for _, block := range append(writtenBlocks, Block{Numbers: []nat.Nat{}}, Block{Numbers: some}) {
		got, err := DecodeBlock(block.Encode())
		checkEqual(t, got, block, err)
	}
}

// TestSeenIsBounded: a letter has the last MaxSeen attempts, and what no supervisor writes is left out.
func TestSeenIsBounded(t *testing.T) {
	var f Failure
	for i := range uint64(MaxSeen + 4) {
		f.Seen = append(f.Seen, Seen{Worker: "w", Range: Range{First: i, Count: 1}, Round: "0"})
	}
	f.Seen[MaxSeen].Worker, f.Seen[MaxSeen+1].Round, f.Seen[MaxSeen+2].End = "a.b", "", 200
	got, err := DecodeFailure(f.Encode())
	if err != nil || len(got.Seen) != MaxSeen-3 || got.Seen[0].Range.First != 4 {
		t.Errorf("%+v, %v", got, err)
	}
}

// decodeOwn is DecodeResult without the reference to the memory, so that results can be compared.
func decodeOwn(b []byte) (*Result, error) {
	r, err := DecodeResult(b)
	if err == nil {
		r.memory = nil
	}
	return r, err
}

func checkEqual(t *testing.T, got, want any, err error) {
	t.Helper()
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

// TestLimits checks that messages beyond the limits are refused.
func TestLimits(t *testing.T) {
	many := make([]nat.Nat, MaxCount+1)
	for name, err := range map[string]error{
		"task of too many":    second(DecodeTask((&Task{Numbers: many}).Encode())),
		"task too long":       second(DecodeTask((&Task{Numbers: []nat.Nat{tooLong}}).Encode())),
		"block of too many":   second(DecodeBlock(EncodeBlock(many))),
		"block too long":      second(DecodeBlock(EncodeBlock([]nat.Nat{ItemNumber(make([]byte, MaxItem+1))}))),
		"failure of too many": second(DecodeFailure((&Failure{Numbers: many}).Encode())),
		"failure too long":    second(DecodeFailure((&Failure{Numbers: []nat.Nat{tooLong}}).Encode())),
		"result of too many":  second(DecodeResult((&Result{Items: make([]Factorization, MaxCount+1)}).Encode())),
		"result too long": second(DecodeResult((&Result{Items: []Factorization{{Factors: []Factor{
			{P: nat.FromBig(new(big.Int).Lsh(square.Big(), 8)), Exp: 1}}}}}).Encode())),
		"result of too many factors": second(DecodeResult((&Result{Items: []Factorization{{Factors: make([]Factor, maxFactors+1)}}}).Encode())),
		"result with a long certificate": second(DecodeResult((&Result{Items: []Factorization{{
			Factors: []Factor{{P: longest, Exp: 1}}, Certificates: []string{strings.Repeat("1", MaxCertificate+1)}}}}).Encode())),
		"no protobuf": second(DecodeTask([]byte("hello"))),
		"no json":     second(DecodeJob([]byte("hello"))),
	} {
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestMalformed decodes messages whose columns do not fit each other.
func TestMalformed(t *testing.T) {
	fine := func() *taskpb.Result {
		return &taskpb.Result{
			Methods: []string{"rho"}, Method: []uint32{0, 0}, CpuNs: []uint64{1, 1}, FactorCounts: []uint32{1, 0},
			Exponents: []uint32{1}, Statuses: []byte{1}, Factors: &taskpb.Numbers{Sizes: []uint32{1}, Data: []byte{7}},
		}
	}
	for name, spoil := range map[string]func(*taskpb.Result){
		"":                        func(*taskpb.Result) {},
		"no methods":              func(m *taskpb.Result) { m.Methods = nil },
		"method beyond the list":  func(m *taskpb.Result) { m.Method[1] = 1 },
		"method far beyond":       func(m *taskpb.Result) { m.Method[1] = 1<<32 - 1 },
		"short method column":     func(m *taskpb.Result) { m.Method = m.Method[:1] },
		"short wall column":       func(m *taskpb.Result) { m.WallNs = []uint64{1} },
		"short CPU column":        func(m *taskpb.Result) { m.CpuNs = m.CpuNs[:1] },
		"more factors than there": func(m *taskpb.Result) { m.FactorCounts[1] = 1 },
		"far more factors":        func(m *taskpb.Result) { m.FactorCounts[0] = 1<<32 - 1 },
		"fewer factors":           func(m *taskpb.Result) { m.FactorCounts[0] = 0 },
		"long exponents":          func(m *taskpb.Result) { m.Exponents = append(m.Exponents, 1) },
		"short statuses":          func(m *taskpb.Result) { m.Statuses = nil },
		"no factors":              func(m *taskpb.Result) { m.Factors = nil },
		"short data":              func(m *taskpb.Result) { m.Factors.Data = nil },
		"long data":               func(m *taskpb.Result) { m.Factors.Data = []byte{7, 7} },
		"size beyond data":        func(m *taskpb.Result) { m.Factors.Sizes[0] = 2 },
		"a certificate":           func(m *taskpb.Result) { m.CertificateSizes, m.Certificates = []uint32{1}, []byte("x") },
		"too many certificates":   func(m *taskpb.Result) { m.CertificateSizes, m.Certificates = []uint32{1, 1}, []byte("xy") },
		"certificate beyond":      func(m *taskpb.Result) { m.CertificateSizes, m.Certificates = []uint32{2}, []byte("x") },
		"certificate far beyond":  func(m *taskpb.Result) { m.CertificateSizes = []uint32{1<<32 - 1} },
		"certificates left over":  func(m *taskpb.Result) { m.CertificateSizes, m.Certificates = []uint32{1}, []byte("xy") },
		"certificate of nothing":  func(m *taskpb.Result) { m.Certificates = []byte("x") },
		"size far beyond":         func(m *taskpb.Result) { m.Factors.Sizes[0] = 1<<32 - 1 },
	} {
		m := fine()
		spoil(m)
		if _, err := DecodeResult(marshal(m)); (err == nil) != (name == "" || name == "a certificate") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestHostile checks that encoders and decoders turn foreign text into one line without control
// characters.
func TestHostile(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{" a\n\tb  c\r\n", "a b c"},
		{"\x1b[2Jgone\x00\x7f\u0085\u202eback", "[2Jgone back"},
		{"é\xff", "é?"},
		{strings.Repeat("x", 1000), strings.Repeat("x", 1000)},
		{strings.Repeat("x", 1001), strings.Repeat("x", 997) + "..."},
		{strings.Repeat("é", 501), strings.Repeat("é", 498) + "..."},
	} {
		if got := OneLine(test.text); got != test.want {
			t.Errorf("OneLine(%.40q) = %.40q, want %.40q", test.text, got, test.want)
		}
		for _, text := range []string{test.text, test.want} {
			r, err := DecodeReturn((&Return{Detail: text}).Encode())
			if err != nil || r.Detail != test.want {
				t.Errorf("detail %.40q arrives as %.40q, %v", text, r.Detail, err)
			}
		}
	}
	// 0x12 = field 2, a string: as an encoder that is not ours would send it.
	if r, err := DecodeReturn([]byte("\x12\x03a\nb")); err != nil || r.Detail != "a b" {
		t.Errorf("a detail of two lines arrives as %+v, %v", r, err)
	}
	if r, err := DecodeResult((&Result{Items: []Factorization{{Method: "\xff"}}}).Encode()); err != nil || r.Items[0].Method != "?" {
		t.Errorf("a method that is not UTF-8 arrives as %+v, %v", r, err)
	}
	if r := (Return{Detail: "\xff"}); len(r.Encode()) == 0 {
		t.Error("a detail that is not UTF-8 is lost")
	}
	if d := (&Task{Budget: -1}).Encode(); second(DecodeTask(d)) != nil {
		t.Error("a negative duration is an error")
	} else if got, _ := DecodeTask(d); got.Budget < 0 {
		t.Errorf("a negative duration arrives as %v", got.Budget)
	}
}
