package attempt

import "testing"

// TestExpendable: an expendable delivery is computed on its first attempt if the worker stays, has room for it, and can
// read it. In all other cases it is dropped, and no attempt at it is a last one.
func TestExpendable(t *testing.T) {
	drop := Decision{Action: Drop}
	for _, a := range arrivals() {
		a.Expendable = true
		for _, a.Full = range bools {
			want := drop
			if !a.Leaving && a.Attempt == 1 && !a.Full {
				want = compute
			}
			if a.Last() || Arrive(a.Delivery, a.Host) != want {
				t.Errorf("%+v: %+v", a, Arrive(a.Delivery, a.Host))
			}
		}
	}
	for _, d := range deliveries() {
		if d.Expendable = true; Unstarted(d) != drop || Stale(d) != drop {
			t.Errorf("%+v: %+v, %+v", d, Unstarted(d), Stale(d))
		}
	}
	for _, s := range starts() {
		want := drop
		if s.Content == Known && s.Attempt == 1 {
			want = compute
		}
		if s.Expendable = true; Start(s.Delivery, s.Content) != want {
			t.Errorf("%+v: %+v", s, Start(s.Delivery, s.Content))
		}
	}
}
