package task

import "testing"

// TestSizeClass: classes ascend without gaps, and SizeBits names the largest number of each.
func TestSizeClass(t *testing.T) {
	last := 0
	for n := range 1 << 20 {
		c := SizeClass(n)
		if c < last || c > last+1 || c >= SizeClasses {
			t.Fatalf("%d bits are of class %d after %d", n, c, last)
		}
		last = c
	}
	if SizeClass(MaxItem*8+8) >= SizeClasses || SizeClass(-1) != 0 {
		t.Error("a size has no class")
	}
	for c := 1; c < SizeClasses; c++ {
		if n := SizeBits(c); SizeClass(n) != c || c < SizeClasses-1 && SizeClass(n+1) != c+1 {
			t.Errorf("class %d ends at %d bits, which are of class %d", c, n, SizeClass(n))
		}
	}
}

func TestSoundSizes(t *testing.T) {
	if list := []SizeCount{{Bits: 64, Count: 3, Work: 5}}; len(soundSizes(list)) != 1 {
		t.Error("a sound list is refused")
	}
	for _, s := range []SizeCount{{Bits: -1, Count: 1}, {Bits: 64}, {Bits: 64, Count: 1 << 62}, {Bits: 64, Count: 1, Work: -1}, {Bits: 64, Count: 1, CPU: -1}, {Bits: 1 << 60, Count: 1}} {
		if soundSizes([]SizeCount{s}) != nil {
			t.Errorf("%+v is taken", s)
		}
	}
}
