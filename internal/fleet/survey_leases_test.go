package fleet

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"factorfleet/internal/schema"
)

// TestSurveyRemovesSilentLeases: a lease that nobody renews, and that has no time to live, is removed: that of a
// job, and that of a supervisor. Keys that are no leases disturb nothing.
func TestSurveyRemovesSilentLeases(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.leaseTTL = testTTL
	const supervisors = 10 // more than a look reads
	keys := []string{"j", "j.feed"}
	for i := range supervisors {
		keys = append(keys, SupervisorLease(fmt.Sprint("ghost", i)))
	}
	for _, key := range keys {
		if _, err := h.leases.Put(t.Context(), key, []byte("\x1b[2J")); err != nil {
			t.Fatal(err)
		}
	}
	for _, token := range []string{"process.supervisor.a%b", "x!y", "process.supervisor.a.b", "\u202e"} {
		h.put(schema.KeyPrefix(schema.BucketLeases)+token, []byte("x"))
	}
	a := h.tenant("a") // a living one, of another job
	s := h.NewSurvey()
	look := func() {
		t.Helper()
		if err := s.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	look()
	if n := len(s.Supervisors()); n != supervisors {
		t.Fatalf("%d supervisors", n)
	}
	await(t, "they are removed", func() bool {
		look()
		time.Sleep(testTTL / 20)
		return !slices.ContainsFunc(keys, func(key string) bool {
			holder, err := h.Holder(t.Context(), key)
			return key != "j" && (err != nil || holder != "")
		})
	})
	if names, err := h.Supervisors(t.Context()); err != nil || len(names) != 0 {
		t.Errorf("%q, %v", names, err)
	}
	if a.losses.Load() != 0 {
		t.Error("a living lease was removed")
	}
}
