package job

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/collect"
	"factorfleet/internal/factored"
	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// hard has products of two primes of 25 digits and more, with one of them. Sieving them takes some tenths of a second.
var hard = []struct{ n, p, q string }{
	{"242243058972677415800130340428255366061275177880871", "4766414989879203725429917", "50822905577262090948713363"},
	{"32777667391074073629897732057372584022947877354637337", "58349342190759891123998543", "561748704619753071038683159"},
	{"50874687731258665145468078177979903159044941058857607", "56835313287955542076682951", "895124611586155466232699457"},
}

func parsed(t *testing.T, digits string) (n nat.Nat) {
	t.Helper()
	if err := n.UnmarshalText([]byte(digits)); err != nil {
		t.Fatal(err)
	}
	return n
}

// calm returns the access of a process that does not give up because the machine is busy.
func (h *testFleet) calm() *fleet.Fleet {
	h.t.Helper()
	nc, js := h.connect()
	f, err := fleet.Open(h.t.Context(), nc, js, stream.Options{Log: zerolog.Nop(), Timeout: time.Minute})
	if err != nil {
		h.t.Fatal(err)
	}
	return f
}

// awaitCached waits until the cache has a line for each of the numbers.
func (h *testFleet) awaitCached(digits ...string) {
	h.t.Helper()
	for _, d := range digits {
		key := factored.Key(parsed(h.t, d))
		await(h.t, "the cache has the number", func() bool {
			lines, err := h.Cached(h.t.Context(), []string{key})
			if err != nil {
				h.t.Fatal(err)
			}
			return len(lines) == 1
		})
	}
}

// cacheAll puts lines into the cache, each under the key of its number.
func (h *testFleet) cacheAll(lines ...string) {
	h.t.Helper()
	var entries []fleet.CacheEntry
	for _, line := range lines {
		n, _, _ := strings.Cut(line, "=")
		entries = append(entries, fleet.CacheEntry{Key: factored.Key(parsed(h.t, n)), Line: []byte(line)})
	}
	if err := h.StoreCached(h.t.Context(), entries); err != nil {
		h.t.Fatal(err)
	}
}

func reusing(id string, numbers ...string) Submission {
	s := submission(id, strings.Join(numbers, "\n"))
	s.Kind, s.Reuse = task.KindFactor, true
	return s
}

// answers returns the answers of a job in one line each, and who gave them.
func answers(items []collect.Item) (list []string) {
	for i := range items {
		item := &items[i]
		line := item.N.String() + ":"
		for _, f := range item.Factors {
			line += " " + f.P.String()
		}
		list = append(list, line+" by "+item.Worker)
	}
	return list
}

// TestReuse: what a worker has answered once is answered without work, in the order of the input. The job is one as any
// other: another process reads it, and it can be submitted again.
func TestReuse(t *testing.T) {
	t.Parallel()
	h := newPatient(t)
	stop := h.worker("w", nil)
	h.submit(h.Fleet, reusing("first", hard[0].n, "10403", hard[1].n)).clean()
	h.awaitCached(hard[0].n, hard[1].n)
	stop()

	r := h.submit(h.calm(), reusing("second", hard[1].n, hard[0].n))
	r.clean()
	want := fmt.Sprint([]string{
		hard[1].n + ": " + hard[1].p + " " + hard[1].q + " by cache",
		hard[0].n + ": " + hard[0].p + " " + hard[0].q + " by cache",
	})
	if got := fmt.Sprint(answers(r.out.items)); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if item := r.out.items[0]; item.Method != factored.Method || item.CPU != 0 {
		t.Errorf("%+v", item)
	}
	j, err := h.Job(t.Context(), "second")
	if err != nil || len(j.Sizes) == 0 {
		t.Fatalf("%+v, %v", j, err)
	}
	for _, size := range j.Sizes { // the cache says nothing of the times of numbers
		if size.Answered != 0 {
			t.Errorf("%+v", size)
		}
	}
	for _, again := range []*running{h.wait(h.other(), "second"), h.submit(h.Fleet, reusing("second", hard[1].n, hard[0].n))} {
		if again.clean(); fmt.Sprint(answers(again.out.items)) != want {
			t.Errorf("got %s", answers(again.out.items))
		}
	}
}

// TestReuseAmongOthers: numbers that are not known are computed, and only these are queued.
func TestReuseAmongOthers(t *testing.T) {
	t.Parallel()
	h := newPatient(t)
	h.cacheAll(hard[0].n+"="+hard[0].p+"*"+hard[0].q, hard[1].n+"="+hard[1].p+"*"+hard[1].q)
	var numbers []string
	for i := range 200 {
		numbers = append(numbers, fmt.Sprint(1000+i))
		if i%3 == 0 {
			numbers = append(numbers, hard[i%2].n)
		}
	}
	r := h.submit(h.calm(), reusing("j", numbers...))
	await(t, "all input is stored", func() bool {
		j, err := h.Job(t.Context(), "j")
		return err == nil && j.State != task.Open
	})
	covered := 0
	for _, m := range fleettest.Subjects(t, h.js, schema.StreamTasks, ">") {
		place, err := schema.ParseSubject(m)
		if err != nil {
			t.Fatal(err)
		}
		covered += int(place.Range.Count)
	}
	if covered != 200 {
		t.Errorf("%d numbers are queued, want 200", covered)
	}
	h.worker("w", nil)
	r.clean()
	for i, item := range r.out.items {
		if by := map[bool]string{true: "cache", false: "w"}[item.N.BitLen() > 64]; item.N.String() != numbers[i] || item.Worker != by {
			t.Fatalf("%d: %v by %s, want %s by %s", i, item.N, item.Worker, numbers[i], by)
		}
	}
}

// TestReusePoisoned: false entries are never printed, and the true answers take their places.
func TestReusePoisoned(t *testing.T) {
	t.Parallel()
	h := newPatient(t)
	h.cacheAll(
		hard[0].n+"="+hard[0].p+"*"+hard[1].q,
		hard[1].n+"="+hard[1].n,
		hard[2].n+"=c"+hard[2].n,
	)
	h.cacheAll(hard[2].n + "=1*" + hard[2].n + "\n" + hard[2].n + "=7")
	h.worker("w", nil)
	r := h.submit(h.Fleet, reusing("j", hard[0].n, hard[1].n, hard[2].n))
	r.clean()
	for i, got := range answers(r.out.items) {
		if want := hard[i].n + ": " + hard[i].p + " " + hard[i].q + " by w"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	h.awaitTrue(hard[0].n, hard[1].n, hard[2].n)
}

// awaitTrue waits until the entries of the numbers are true.
func (h *testFleet) awaitTrue(digits ...string) {
	h.t.Helper()
	for _, d := range digits {
		n := parsed(h.t, d)
		await(h.t, "the cache has a true line", func() bool {
			lines, err := h.Cached(h.t.Context(), []string{factored.Key(n)})
			if err != nil {
				h.t.Fatal(err)
			}
			_, err = factored.Read(h.t.Context(), n, lines[factored.Key(n)])
			return err == nil
		})
	}
}

// TestReuseForged: whoever may write as the cache stores a false answer before the job begins. It is refused. The number is
// computed, unless the false answer is removed before the true one is stored in its place.
func TestReuseForged(t *testing.T) {
	t.Parallel()
	h := newPatient(t)
	h.worker("w", nil)
	h.cacheAll(hard[0].n + "=" + hard[0].p + "*" + hard[0].q)
	false0 := []knownAnswer{{0, parsed(t, hard[0].n), task.Factorization{Method: factored.Method, Factors: []task.Factor{{P: parsed(t, hard[0].n), Exp: 1, Status: task.PRP}}}}}
	if err := h.StoreCachedAnswers(t.Context(), "j", []fleet.CachedAnswer{cachedResult(false0)}); err != nil {
		t.Fatal(err)
	}
	r := h.submit(h.Fleet, reusing("j", hard[0].n, "6"))
	r.clean()
	if got, want := answers(r.out.items)[0], hard[0].n+": "+hard[0].p+" "+hard[0].q+" by "; !strings.HasPrefix(got, want) {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestReuseThrottled: a job whose tasks its holder queues uses the cache, too. The holder may queue a number before it has
// seen the answer of the cache.
func TestReuseThrottled(t *testing.T) {
	t.Parallel()
	h := newPatient(t)
	h.cacheAll(hard[0].n + "=" + hard[0].p + "*" + hard[0].q)
	h.worker("w", nil)
	numbers := []string{"15", hard[0].n, "21", "22", hard[0].n}
	sub := reusing("j", numbers...)
	sub.MaxRunning = 1
	r := h.submit(h.Fleet, sub)
	r.clean()
	for i, item := range r.out.items {
		if item.N.String() != numbers[i] || item.N.BitLen() < 64 && item.Worker != "w" {
			t.Errorf("%d: %v by %s", i, item.N, item.Worker)
		}
	}
}

// TestReuseQuarantined: after three forged answers nothing is read that the cache writes, and nothing is written.
func TestReuseQuarantined(t *testing.T) {
	t.Parallel()
	h := newPatient(t)
	h.worker("w", nil)
	h.cacheAll(hard[0].n + "=" + hard[0].p + "*" + hard[0].q)
	if _, err := h.Quarantine(t.Context(), schema.CacheWriter, "forged answers"); err != nil {
		t.Fatal(err)
	}
	r := h.submit(h.Fleet, reusing("j", hard[0].n))
	if r.clean(); r.out.items[0].Worker != "w" {
		t.Errorf("by %s", r.out.items[0].Worker)
	}
	if n := h.held(schema.StreamResults, "j"); n != 1 {
		t.Errorf("%d results", n)
	}
	if _, err := h.Release(t.Context(), schema.CacheWriter); err != nil {
		t.Fatal(err)
	}
	r = h.submit(h.calm(), reusing("k", hard[0].n))
	if r.clean(); r.out.items[0].Worker != schema.CacheWriter {
		t.Errorf("by %s", r.out.items[0].Worker)
	}
}

// TestReuseNot: without Reuse, and of a job that asks for proofs, all is computed.
func TestReuseNot(t *testing.T) {
	t.Parallel()
	h := newPatient(t)
	h.cacheAll(hard[0].n + "=" + hard[0].p + "*" + hard[0].q)
	h.worker("w", nil)
	plain, proved := submission("plain", hard[0].n), reusing("proved", hard[0].n)
	plain.Kind, proved.Certify = task.KindFactor, true
	for _, sub := range []Submission{plain, proved} {
		r := h.submit(h.Fleet, sub)
		if r.clean(); r.out.items[0].Worker != "w" {
			t.Errorf("%s: by %s", sub.ID, r.out.items[0].Worker)
		}
	}
}

// TestNoCache: a server of an earlier version has no cache. All else works.
func TestNoCache(t *testing.T) {
	t.Parallel()
	h := newPatient(t)
	if err := h.js.DeleteStream(t.Context(), schema.StreamCache); err != nil {
		t.Fatal(err)
	}
	h.worker("w", nil)
	r := h.submit(h.other(), reusing("j", hard[0].n, "10403"))
	if r.clean(); len(r.out.items) != 2 || r.out.items[0].Worker != "w" {
		t.Errorf("%v", answers(r.out.items))
	}
}
