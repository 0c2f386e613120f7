package test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/factored"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestHostileCache: a worker cannot write to the cache. A producer can, and writes false entries, and false answers in the
// name of the cache: none is printed, and the numbers are computed.
func TestHostileCache(t *testing.T) {
	t.Parallel()
	const p, q = "4766414989879203725429917", "50822905577262090948713363"
	number := mustNat(t, "242243058972677415800130340428255366061275177880871")
	other := mustNat(t, "32777667391074073629897732057372584022947877354637337")
	key := schema.CachePrefix + factored.Key(number)
	f := besiege(t, siegeAckWait)
	f.honest("worker-1", "-n 1")

	worker := f.dial("mallory")
	for _, subject := range []string{key, "FACTOR.results.j.0-1." + schema.CacheWriter} {
		if err := worker.Publish(subject, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := worker.FlushTimeout(patience); err != nil || !errors.Is(worker.LastError(), nats.ErrPermissionViolation) {
		t.Errorf("a worker may write: %v, %v", err, worker.LastError())
	}

	producer := f.dial("producer")
	store := func(subject string, data []byte) {
		t.Helper()
		answer, err := producer.Request(subject, data, patience)
		if err != nil || !strings.Contains(string(answer.Data), `"seq"`) {
			t.Fatalf("%s: %v", subject, err)
		}
	}
	for i, line := range []string{
		number.String() + "=" + number.String(),
		number.String() + "=" + p + "*" + p,
		other.String() + "=58349342190759891123998543*561748704619753071038683159", // true, under the key of another number
		"\x1b[2J\x07", "", strings.Repeat("=", 4000),
	} {
		store(key, []byte(line))
		forged := &task.Result{Kind: task.KindFactor, Worker: schema.CacheWriter, Attempt: 1, Items: []task.Factorization{{
			Method: factored.Method, Factors: []task.Factor{{P: number, Exp: 1, Status: task.PRP}},
		}}}
		job := "j" + string(rune('0'+i))
		if i < 2 {
			store("FACTOR.results."+job+".0-1."+schema.CacheWriter, forged.Encode())
		}
		if said := f.run("producer", "find "+number.String()).wantCode(1).stdout.String(); said != "" {
			t.Errorf("find prints %q for the entry %.100q", said, line)
		}
		if said := f.run("producer", "cache export").wantCode(1).stdout.String(); strings.Contains(said, number.String()) || strings.ContainsAny(said, "\x1b\x07") {
			t.Errorf("export prints %q for the entry %.100q", said, line)
		}
		f.run("producer", "submit --id "+job+" "+number.String()).wantCode(0).wantStdout(number.String() + ": " + p + " " + q + "\n")
		for late := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) { // the true entry has taken the place
			if f.run("producer", "find "+number.String()).code() == 0 {
				break
			}
			if time.Now().After(late) {
				t.Fatal("the true answer is not kept")
			}
		}
	}
}

func mustNat(t *testing.T, digits string) (n nat.Nat) {
	t.Helper()
	if err := n.UnmarshalText([]byte(digits)); err != nil {
		t.Fatal(err)
	}
	return n
}
