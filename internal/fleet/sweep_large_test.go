package fleet

import (
	"fmt"
	"testing"

	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestPlaceLarge: where a number is queued that a worker does not accept.
func TestPlaceLarge(t *testing.T) {
	n := nat.FromBytes([]byte{255, 255, 255, 255, 255, 255, 255, 255, 255}) // 22 digits
	any := worker.Status{Offers: []string{"large"}}
	old := worker.Status{}
	small, enough := worker.Status{MaxDigits: 21}, worker.Status{MaxDigits: 22}
	short := worker.Status{MemoryDigits: 21}
	for _, test := range []struct {
		workers  []worker.Status
		class    task.Class
		anywhere bool
		pause    bool
	}{
		{nil, "norm+large", false, false},
		{[]worker.Status{small}, "norm+large", false, false},
		{[]worker.Status{small, any}, "norm+large", false, false},
		{[]worker.Status{old, any}, "norm+large", false, false},
		{[]worker.Status{small, old}, "norm", false, true},
		{[]worker.Status{small, enough}, "norm", false, true},
		{[]worker.Status{small, short}, "norm", true, false},
		{[]worker.Status{{MaxDigits: 21, MemoryDigits: 21}}, "norm+large", false, false},
	} {
		class, h, pause := placeLarge(task.ClassNorm, test.workers, n)
		if class != test.class || h.anywhere != test.anywhere || pause != test.pause {
			t.Errorf("%+v: %s %v %v", test.workers, class, h, pause)
		}
	}
	if class, _, _ := placeLarge("hi+a+b", []worker.Status{{Offers: []string{"a", "b", "large"}}}, n); class != "hi+a+b+large" {
		t.Errorf("%s", class)
	}
	if class, _, pause := placeLarge("hi+a+b+c+d", []worker.Status{any}, n); class != "hi+a+b+c+d" || !pause {
		t.Errorf("%s", class)
	}
}

// TestSweepLarge: a number that a worker hands back for its size is queued for a worker that accepts it, once.
func TestSweepLarge(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 10)
	background(t, h.Sweep)
	h.put(schema.ReturnSubject("j", single(3), "0", "w"), (&task.Return{Reason: task.TooLarge}).Encode())
	large := h.offering("large", "large")
	var got []string
	await(t, "the number", func() bool {
		h.forgetRoute("")
		h.announce(large)
		text, deliveries := pull(t, large, 1)
		got = append(got, text...)
		ack(t, deliveries)
		return len(got) > 0
	})
	if fmt.Sprint(got) != "[norm+large j 3-1 1]" {
		t.Errorf("%v", got)
	}
}
