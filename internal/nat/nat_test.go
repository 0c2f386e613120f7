package nat

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
)

// FuzzNat checks every way in and out of a Nat against math/big.
func FuzzNat(f *testing.F) {
	for _, seed := range [][]byte{nil, {0}, {1}, {0, 0, 7},
		bytes.Repeat([]byte{0xff}, 8), append([]byte{1}, make([]byte, 8)...), bytes.Repeat([]byte{0xab}, 300)} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		x, y := new(big.Int).SetBytes(a), new(big.Int).SetBytes(b)
		n, m := FromBytes(a), FromBig(new(big.Int).Set(y))
		if n.Big().Cmp(x) != 0 || n.String() != x.String() || n.BitLen() != x.BitLen() {
			t.Errorf("FromBytes(%x) = %v, want %v", a, n, x)
		}
		if got := n.AppendBytes(nil); !bytes.Equal(got, x.Bytes()) || len(got) != n.ByteLen() {
			t.Errorf("bytes of %v are %x, want %x", x, got, x.Bytes())
		}
		if w, ok := n.Word(); ok != x.IsUint64() || ok && w != x.Uint64() {
			t.Errorf("Word of %v = %d, %v", x, w, ok)
		}
		if n.Cmp(m) != x.Cmp(y) || m.Cmp(n) != y.Cmp(x) {
			t.Errorf("Cmp(%v, %v) = %d", x, y, n.Cmp(m))
		}
	})
}

// TestText: a number is a string of JSON and back; other text than a canonical decimal is refused.
func TestText(t *testing.T) {
	for _, text := range []string{"0", "7", "18446744073709551615", "18446744073709551616", "1" + strings.Repeat("0", 9999)} {
		var n Nat
		b, err := json.Marshal(text)
		if err == nil {
			err = json.Unmarshal(b, &n)
		}
		if again, _ := json.Marshal(n); err != nil || n.String() != text || string(again) != string(b) {
			t.Errorf("%.40s returns as %.40s, %v", text, again, err)
		}
	}
	for _, text := range []string{"", "00", "01", "-1", "+1", "0x1", " 1", "1_0", "1.0", "1" + strings.Repeat("0", 10_000)} {
		if n := New(3); n.UnmarshalText([]byte(text)) == nil || n.Cmp(New(3)) != 0 {
			t.Errorf("%.40q is accepted as %.40s", text, n)
		}
	}
}
