package campaign

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"
)

// countFold is a Fold whose yields are texts: a number of relations, or "false".
type countFold struct{ len, need, expected int }

func (f *countFold) Fold(first, end uint64, data []byte) (int, error) {
	var n int
	if _, err := fmt.Sscan(string(data), &n); err != nil {
		return 0, errors.New("a relation is false")
	}
	f.len += n
	return n, nil
}

func (f *countFold) Have() int     { return f.len / 2 }
func (f *countFold) Need() int     { return f.need }
func (f *countFold) Len() int      { return f.len }
func (f *countFold) Expected() int { return f.expected }

// testCount is a number of coefficients: tasks of 4096 numbers, owners from 2^29 on.
const testCount = 1 << 30

// newTest returns the machine of the number 91 = 7*13, which needs 100 relations.
func newTest(change func(*Config)) (*Machine, *countFold) {
	f := &countFold{need: 50, expected: 100}
	c := Config{Number: big.NewInt(91), Coefficients: testCount, Predicted: 400 * time.Second, Fold: f, Seed: 1}
	if change != nil {
		change(&c)
	}
	return New(c), f
}

// show returns outputs as a text, without audits, which scripts do not test.
func show(outs []Output) string {
	var words []string
	for _, o := range outs {
		switch o := o.(type) {
		case Audit:
		case Issue:
			word := fmt.Sprintf("issue %d+%d*%d for %v/%v", o.First, o.Tasks, o.Size, o.Time, o.Flush)
			if o.B1 > 0 {
				word += fmt.Sprintf(" at %d", o.B1)
			}
			words = append(words, word)
		case Refuse:
			words = append(words, "refuse "+o.Yield.Worker)
		case Drop:
			words = append(words, "drop "+o.Yield.Worker)
		case Abandon:
			words = append(words, "abandon")
		case Reserve:
			words = append(words, fmt.Sprintf("reserve %d", o.Next))
		case Split:
			words = append(words, fmt.Sprintf("split %v", o.Divisor))
		default:
			words = append(words, strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", o), "campaign.")))
		}
	}
	return strings.Join(words, ", ")
}

// relations is an honest yield of the owner with so many relations.
func relations(n int) Yield {
	return Yield{Worker: "w", First: 1 << 29, End: 1<<29 + 1, Data: fmt.Append(nil, n)}
}

func divisor(d int64) *big.Int { return big.NewInt(d) }

// TestNames: refusals, drops and audits name the yield that they are about, although it was held.
func TestNames(t *testing.T) {
	m, f := newTest(nil)
	m.Step(Replayed{}, time.Time{})
	y := relations(100)
	y.Seq = 7
	outs := m.Step(y, time.Time{})
	if a, ok := outs[0].(Audit); !ok || a.Yield.Seq != 7 {
		t.Errorf("%+v", outs)
	}
	for seq, first := range []uint64{1 << 29, 0} {
		m.Step(Yield{Worker: "h", Seq: uint64(seq) + 8, First: first, End: first + 1, Data: []byte("false")}, time.Time{})
	}
	f.need = f.Have() + 8
	outs = m.Step(Solved{}, time.Time{})
	if r, ok := outs[0].(Refuse); len(outs) != 1 || !ok || r.Yield.Seq != 8 || r.Yield.Data != nil {
		t.Errorf("%+v", outs)
	}
	outs = m.Step(Yield{Worker: "h", Seq: 9, First: 0, End: 1, Data: []byte("1")}, time.Time{})
	if d, ok := outs[0].(Drop); len(outs) != 1 || !ok || d.Yield.Seq != 9 || d.Yield.Data != nil {
		t.Errorf("%+v", outs)
	}
}

// TestTries: a solver that never succeeds ends the campaign.
func TestTries(t *testing.T) {
	m, f := newTest(nil)
	got := show(m.Step(relations(100), time.Time{}))
	for try := range MaxTries {
		if got != "purge, solve" {
			t.Fatalf("attempt %d: %q", try, got)
		}
		f.need = f.Have() + 8
		m.Step(Solved{}, time.Time{})
		got = show(m.Step(relations(16), time.Time{}))
	}
	if m.Phase() != Abandoned || got != "" {
		t.Errorf("after %d attempts: %v, %q", MaxTries, m.Phase(), got)
	}
}

// TestUselessRelations: relations without cycles cannot fill the memory.
func TestUselessRelations(t *testing.T) {
	m, f := newTest(func(c *Config) { c.Fold.(*countFold).need = 1 << 30 })
	for m.Phase() == Sieving {
		m.Step(relations(10), time.Time{})
	}
	if m.Phase() != Abandoned || f.len != 1150 {
		t.Errorf("%d relations, %v", f.len, m.Phase())
	}
}

// TestHeldIsBounded: what arrives while the solver works takes a bounded memory.
func TestHeldIsBounded(t *testing.T) {
	m, _ := newTest(nil)
	m.Step(relations(100), time.Time{})
	for range 1000 {
		m.Step(Yield{Worker: "w", First: 1 << 29, End: 1<<29 + 1, Data: make([]byte, 64<<10)}, time.Time{})
		m.Step(Yield{Worker: "w", First: 1 << 29, End: 1<<29 + 1}, time.Time{})
	}
	bytes := 0
	for _, y := range m.held.yields {
		bytes += len(y.Data)
	}
	if bytes > maxHeld || bytes < maxHeld/2 || len(m.held.yields) > maxHeld/256 {
		t.Errorf("%d bytes of %d yields are held", bytes, len(m.held.yields))
	}
}

// TestBegin: a supervisor that takes over continues where the manifest says.
func TestBegin(t *testing.T) {
	for _, test := range []struct {
		change func(*Config)
		want   string
		then   Phase
	}{
		{func(c *Config) {}, "", Sieving},
		{func(c *Config) { c.Divisors = []*big.Int{divisor(5), divisor(13), divisor(7)} }, "split 13, stop", Finished},
		{func(c *Config) {
			c.Divisors = []*big.Int{divisor(5), divisor(0), divisor(1), divisor(-7), divisor(91), divisor(182)}
		}, "", Sieving},
		{func(c *Config) { c.Abandoned = true }, "stop", Abandoned},
		{func(c *Config) { c.Abandoned, c.Divisors = true, []*big.Int{divisor(7)} }, "split 7, stop", Finished},
	} {
		m, _ := newTest(test.change)
		if got := show(m.Begin()); got != test.want || m.Phase() != test.then || (m.Divisor() != nil) != (test.then == Finished) {
			t.Errorf("%q, %v; want %q, %v", got, m.Phase(), test.want, test.then)
		}
		if test.then != Sieving && show(m.Step(ParentCovered{}, time.Time{})) != "end" {
			t.Errorf("%v does not end with its parent", test.then)
		}
	}
	m, _ := newTest(func(c *Config) { c.Next = 1 << 20 })
	m.Step(Replayed{}, time.Time{})
	if got := show(m.Step(Fleet{Slots: 1}, time.Time{})); got != "reserve 2097152" {
		t.Errorf("after a take-over: %q", got)
	}
}

// TestOneSlotByTurns: while tasks of others wait, a campaign uses a single slot for half of the time.
func TestOneSlotByTurns(t *testing.T) {
	m, _ := newTest(func(c *Config) { c.Next = 1 << 20 })
	m.reserved = 1 << 30
	start := time.Unix(1e9, 0)
	m.Step(Replayed{}, start)
	busy, used := time.Time{}, time.Duration(0)
	const seconds = 400
	for i := range seconds {
		now := start.Add(time.Duration(i) * time.Second)
		f := Fleet{Slots: 1, Others: true}
		if now.Before(busy) {
			f.Running = 1
		}
		for _, o := range m.Step(f, now) {
			if o, ok := o.(Issue); ok {
				busy, used = now.Add(o.Time), used+o.Time
			}
		}
	}
	if share := used.Seconds() / seconds; share < 0.4 || share > 0.51 {
		t.Errorf("the campaign uses %.2f of the slot", share)
	}
}

// TestTaskTime: tasks are short in small fleets and near the end.
func TestTaskTime(t *testing.T) {
	for _, test := range []struct {
		left       time.Duration
		slots      int
		run, flush time.Duration
	}{
		{0, 1, 2 * time.Second, 250 * time.Millisecond},
		{10 * time.Second, 100, 2500 * time.Millisecond, 500 * time.Millisecond},
		{time.Hour, 1, 5 * time.Second, 2 * time.Second},
		{time.Hour, 100, 5 * time.Second, 2 * time.Second},
		{time.Hour, 1 << 30, 10 * time.Second, 2 * time.Second},
	} {
		if run, flush := taskTime(test.left, test.slots); run != test.run || flush != test.flush {
			t.Errorf("%v left on %d slots: %v, %v", test.left, test.slots, run, flush)
		}
	}
}

// TestNumbersEnd: when all numbers are issued, the campaign waits, and none of the owners' is issued.
func TestNumbersEnd(t *testing.T) {
	m, _ := newTest(func(c *Config) { c.Coefficients = 1001 })
	m.Step(Replayed{}, time.Time{})
	next := uint64(0)
	for range 1000 {
		for _, o := range m.Step(Fleet{Slots: 3}, time.Time{}) {
			switch o := o.(type) {
			case Reserve:
				for _, o := range m.Step(Reserved(o), time.Time{}) {
					o := o.(Issue)
					if o.First != next {
						t.Fatalf("%+v, want the next to be %d", o, next)
					}
					next += uint64(o.Tasks) * o.Size
				}
			case Issue:
				next += uint64(o.Tasks) * o.Size
			}
		}
	}
	if first := firstOfOwners(1001); next > first || next+TaskSize(1001) <= first {
		t.Errorf("numbers below %d are issued, want %d", next, first)
	}
}
