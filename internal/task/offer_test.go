package task

import (
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"

	"factorfleet/internal/nat"
)

// TestServes: a worker takes the tasks of a route if it offers all of it.
func TestServes(t *testing.T) {
	for _, test := range []struct {
		offers, route string
		want          bool
	}{
		{"", "", true}, {"gpu", "", true}, {"", "gpu", false}, {"gpu", "gpu", true}, {"gpu ssd", "gpu", true},
		{"gpu", "gpu+ssd", false}, {"exec=x gpu", "exec=x+gpu", true}, {"gpu", "gp", false},
	} {
		if got := Serves(strings.Fields(test.offers), test.route); got != test.want {
			t.Errorf("%q serves %q: %v", test.offers, test.route, got)
		}
	}
}

// TestWith: an offer more in a route, which stays one.
func TestWith(t *testing.T) {
	for _, test := range []struct {
		class, want Class
		ok          bool
	}{
		{"norm", "norm+large", true}, {"hi+gpu", "hi+gpu+large", true}, {"low+large", "low+large", true},
		{"norm+a+z", "norm+a+large+z", true}, {"norm+a+b+c+d", "norm+a+b+c+d+large", false},
	} {
		got, ok := test.class.With(OfferLarge)
		if got != test.want || ok != test.ok || ok && CheckClass(got) != nil {
			t.Errorf("%s: %s, %v", test.class, got, ok)
		}
	}
}

// TestOffers: what a worker offers is sorted, distinct and bounded.
func TestOffers(t *testing.T) {
	if got, err := NormalOffers([]string{"ssd", "gpu", "ssd", ExecOffer("x")}); err != nil || !slices.Equal(got, []string{"exec=x", "gpu", "ssd"}) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := NormalOffers(nil); err != nil || len(got) > 0 {
		t.Errorf("%q, %v", got, err)
	}
	var many []string
	for i := range MaxWorkerOffers + 1 {
		many = append(many, fmt.Sprint("l", i))
	}
	for _, list := range [][]string{{"GPU"}, {""}, {"a+b"}, {"exec="}, many} {
		if got, err := NormalOffers(list); err == nil {
			t.Errorf("%q are offers", got)
		}
	}
	if got := SoundOffers(append([]string{"b", "A", "a"}, many...)); len(got) > MaxWorkerOffers || !slices.IsSorted(got) || !slices.Contains(got, "a") || slices.Contains(got, "A") {
		t.Errorf("%q", got)
	}
	if CheckLabel("exec=x") == nil || CheckLabel("gpu_2-b") != nil || CheckLabel(long(25)) == nil {
		t.Error("labels")
	}
}

// TestClasses: an order that names classes comes back, and nothing else does.
func TestClasses(t *testing.T) {
	want := []Class{"hi+gpu", "norm+exec=resize+gpu"}
	if got := DecodeClasses(EncodeClasses(want)); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	if got := DecodeClasses([]byte("norm\nnorm+\nup+gpu\nnorm+b+a\nnorm+>\n\nlow+ok")); !reflect.DeepEqual(got, []Class{"low+ok"}) {
		t.Errorf("%v", got)
	}
	var many []Class
	for i := range 2 * MaxRoutes {
		many = append(many, ClassNorm.Routed(fmt.Sprint("l", i)))
	}
	if got := DecodeClasses(EncodeClasses(many)); len(got) != MaxRoutes {
		t.Errorf("%d classes", len(got))
	}
	if got := DecodeClasses([]byte(strings.Repeat("norm+gpu\n", 10_000))); len(got) != MaxRoutes {
		t.Errorf("%d classes", len(got))
	}
}

// TestMoreDigits compares with the digits around each power of ten.
func TestMoreDigits(t *testing.T) {
	power := big.NewInt(1)
	for digits := 1; digits <= 400; digits++ { // power = 10^(digits-1) is the least number of so many digits
		least, most := nat.FromBig(power), new(big.Int).Mul(power, big.NewInt(10))
		power = new(big.Int).Set(most)
		largest := nat.FromBig(most.Sub(most, big.NewInt(1)))
		for _, n := range []nat.Nat{least, largest} {
			if Digits(n) != digits || MoreDigits(n, digits) || digits > 1 && !MoreDigits(n, digits-1) {
				t.Fatalf("%v: %d digits, %v", n, Digits(n), MoreDigits(n, digits))
			}
		}
	}
}
