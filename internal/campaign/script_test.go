package campaign

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// A line is an input and what it must lead to.
type line struct {
	in   Input
	want string
	then Phase
}

// started are the lines by which a campaign of two slots begins.
var started = []line{
	{Fleet{Slots: 2}, "", Sieving}, // not before the replay
	{Replayed{}, "", Sieving},
	{Fleet{Slots: 2}, "reserve 1048576", Sieving},
	{Reserved{1 << 20}, "issue 0+4*4096 for 5s/2s", Sieving},
	{Reserved{1 << 20}, "", Sieving},
}

var scripts = map[string][]line{
	"a divisor is found": {
		{Fleet{Slots: 2, Running: 2, Queued: 2}, "", Sieving},
		{Fleet{Slots: 2, Running: 2, Queued: 0}, "issue 16384+2*4096 for 5s/2s", Sieving},
		{relations(99), "", Sieving},
		{relations(1), "purge, solve", Solving},
		{Fleet{Slots: 2, Running: 2}, "", Solving},
		{Solved{Divisor: divisor(13)}, "split 13, stop", Finished},
		{Fleet{Slots: 2}, "", Finished},
		{relations(1), "", Finished},
		{Solved{Divisor: divisor(7)}, "", Finished},
		{ParentCovered{}, "end", Over},
		{Fleet{Slots: 2}, "", Over},
	},
	"the solver needs more relations": {
		{relations(100), "purge, solve", Solving},
		{relations(10), "", Solving}, // held
		{Solved{}, "", Sieving},
		{relations(6), "purge, solve", Solving},
		{Solved{Divisor: divisor(10)}, "purge, solve", Solving}, // does not divide
	},
	"the solver fails": {
		{relations(100), "purge, solve", Solving},
		{Solved{Err: errors.New("no memory")}, "abandon, stop", Abandoned},
		{relations(1), "", Abandoned},
		{Fleet{Slots: 2}, "", Abandoned},
		{ParentCovered{}, "end", Over},
	},
	"the owner is first": {
		{relations(50), "", Sieving},
		{ParentCovered{}, "stop, end", Over},
	},
	"the number has its answer while the solver works": {
		{relations(100), "purge, solve", Solving},
		{ParentCovered{}, "stop, end", Over},
		{Solved{Divisor: divisor(7)}, "", Over},
	},
	"hostile yields": {
		{Yield{Worker: "h", First: 0, End: 1, Data: []byte("false")}, "refuse h", Sieving},
		{Yield{Worker: "h", First: 1, End: 1}, "drop h", Sieving},
		{Yield{Worker: "h", First: 2, End: 1}, "drop h", Sieving},
		{Yield{Worker: "h", First: 0, End: 4097, Data: []byte("1")}, "drop h", Sieving},
		{Yield{Worker: "h", First: 1 << 20, End: 1<<20 + 1, Data: []byte("1")}, "drop h", Sieving}, // not reserved
		{Yield{Worker: "h", First: 1<<29 - 1, End: 1<<29 + 1, Data: []byte("1")}, "drop h", Sieving},
		{Yield{Worker: "h", First: testCount - 1, End: testCount + 1, Data: []byte("1")}, "drop h", Sieving},
		{Yield{Worker: "h", First: 1<<64 - 1, End: 0, Data: []byte("1")}, "drop h", Sieving},
		{relations(100), "purge, solve", Solving},
		{Yield{Worker: "h", First: 1 << 20, End: 1<<20 + 1, Data: []byte("1")}, "drop h", Solving},
		{Yield{Worker: "h", First: 0, End: 1, Data: []byte("false")}, "", Solving},
		{Solved{}, "refuse h", Sieving}, // what was held is folded
		{Audited{Audit: Audit{Yield: Yield{Worker: "h"}}, Missing: 2}, "refuse h", Sieving},
		{Audited{}, "", Sieving},
	},
	"the owner's relations count": {
		{Yield{Worker: "o", First: 1 << 29, End: 1<<29 + 4096, Data: []byte("99")}, "", Sieving},
		{Yield{Worker: "o", First: testCount - 1, End: testCount, Data: []byte("1")}, "purge, solve", Solving},
	},
	"tasks of others wait": {
		{Fleet{Slots: 4, Running: 4, Queued: 2, Others: true}, "issue 16384+2*4096 for 5s/2s", Sieving}, // workers end one early
		{Fleet{Slots: 4, Running: 4, Queued: 4, Others: true}, "", Sieving},
		{Fleet{Slots: 4, Running: 4, Queued: 4, Others: true}, "", Sieving},
		{Fleet{Slots: 4, Running: 4, Queued: 4, Others: true}, "", Sieving},
		{Fleet{Slots: 4, Running: 4, Queued: 4, Others: true}, "purge", Sieving}, // the running ones end soon
		{Fleet{Slots: 4, Running: 1, Others: true}, "issue 24576+1*4096 for 4s/2s", Sieving},
		{Fleet{Slots: 4, Running: 1, Queued: 1, Others: true}, "", Sieving},
		{Fleet{Slots: 4, Running: 1, Queued: 4, Others: true}, "purge, issue 28672+1*4096 for 4s/2s", Sieving},
		{Fleet{Slots: 0, Others: true}, "", Sieving},
		{Fleet{Slots: 1, Others: false}, "issue 32768+2*4096 for 5s/2s", Sieving},
	},
	"a thousand slots": {
		{Fleet{Slots: 1000}, fmt.Sprintf("reserve %d", 2004*4096), Sieving},
		{Reserved{2004 * 4096}, "issue 16384+2000*4096 for 2s/250ms", Sieving},
	},
	"a hundred slots": {
		{Fleet{Slots: 16, Running: 30}, "issue 16384+2*4096 for 5s/1.25s", Sieving},
		{Fleet{Slots: 100, Running: 199}, "issue 24576+1*4096 for 2s/250ms", Sieving},
	},
}

// TestScripts: each input leads to the outputs of the table in the package comment.
func TestScripts(t *testing.T) {
	for name, script := range scripts {
		t.Run(name, func(t *testing.T) {
			m, f := newTest(nil)
			now := time.Unix(1e9, 0)
			for i, l := range append(started[:len(started):len(started)], script...) {
				if s, ok := l.in.(Solved); ok && s.Divisor == nil && s.Err == nil {
					f.need = f.Have() + 8
				}
				if got := show(m.Step(l.in, now)); got != l.want || m.Phase() != l.then {
					t.Fatalf("line %d, %T %+v: %q, %v; want %q, %v", i, l.in, l.in, got, m.Phase(), l.want, l.then)
				}
			}
		})
	}
}
