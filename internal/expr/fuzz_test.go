package expr

import (
	"errors"
	"math/big"
	"runtime"
	"strings"
	"testing"

	"factorfleet/internal/task"
)

// A node is an expression as a tree. twin computes its value from the definitions, and write writes it.
type node struct {
	op          string // "" for a number, "neg", "pos", "!", "#", "fib", "luc", or a binary operator
	number      *big.Int
	left, right *node
}

var errTwin = errors.New("no value")

// fits returns x unless it is too long.
func fits(x *big.Int) (*big.Int, error) {
	if x.BitLen() > maxInner {
		return nil, errTwin
	}
	return x, nil
}

// twin is the value of an expression, by definition and slowly.
func (n *node) twin() (*big.Int, error) {
	if n.op == "" {
		return new(big.Int).Set(n.number), nil
	}
	x, err := n.left.twin()
	if err != nil {
		return nil, err
	}
	if n.right == nil {
		return twinUnary(n.op, x)
	}
	y, err := n.right.twin()
	if err != nil {
		return nil, err
	}
	switch n.op {
	case "+":
		return fits(new(big.Int).Add(x, y))
	case "-":
		return fits(new(big.Int).Sub(x, y))
	case "*":
		return fits(new(big.Int).Mul(x, y))
	case "/", "%":
		if y.Sign() == 0 {
			return nil, errTwin
		}
		q, r := new(big.Int).DivMod(x, y, new(big.Int))
		if n.op == "%" {
			return r, nil
		}
		if r.Sign() != 0 {
			return nil, errTwin
		}
		return q, nil
	}
	if y.Sign() < 0 {
		return nil, errTwin
	}
	if x.BitLen() < 2 && y.Cmp(big.NewInt(10)) > 0 {
		y.SetInt64(10 + int64(y.Bit(0))) // x^y depends on whether y is odd only
	}
	z := big.NewInt(1)
	for ; y.Sign() > 0; y.Sub(y, big.NewInt(1)) {
		if z.Mul(z, x); z.BitLen() > maxInner {
			return nil, errTwin
		}
	}
	return z, nil
}

func twinUnary(op string, x *big.Int) (*big.Int, error) {
	switch op {
	case "neg":
		return x.Neg(x), nil
	case "pos":
		return x, nil
	}
	if x.Sign() < 0 || x.BitLen() > 18 {
		return nil, errTwin
	}
	n := x.Int64()
	a, b := big.NewInt(0), big.NewInt(1)
	if op == "luc" {
		a.SetInt64(2)
	}
	product := big.NewInt(1)
	for i := int64(1); i <= n; i++ {
		switch {
		case op == "!", op == "#" && big.NewInt(i).ProbablyPrime(1):
			product.Mul(product, big.NewInt(i))
		case op == "fib", op == "luc":
			a, b = b, a.Add(a, b)
		}
		if product.BitLen() > maxInner || a.BitLen() > maxInner {
			return nil, errTwin
		}
	}
	if op == "!" || op == "#" {
		return product, nil
	}
	return a, nil
}

// strength orders operators: of two neighbours the larger one is computed first.
var strength = map[string]int{"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "neg": 3, "pos": 3, "^": 4, "**": 4, "!": 5, "#": 5, "fib": 6, "luc": 6, "": 6}

// A writer writes an expression with as few parentheses as the rules permit, and with white space here and there.
type writer struct {
	strings.Builder
	choices []byte
}

// choose returns a number below n.
func (w *writer) choose(n int) int {
	if len(w.choices) == 0 {
		return 0
	}
	c := w.choices[0]
	w.choices = w.choices[1:]
	return int(c) % n
}

func (w *writer) add(s string) {
	w.WriteString(s)
	w.WriteString([]string{"", "", "", " ", "\t "}[w.choose(5)])
}

// operand writes n, in parentheses if it is weaker than least.
func (w *writer) operand(n *node, least int) {
	if strength[n.op] >= least {
		w.write(n)
		return
	}
	w.add("(")
	w.write(n)
	w.add(")")
}

func (w *writer) write(n *node) {
	s := strength[n.op]
	switch n.op {
	case "":
		text := n.number.String()
		if w.choose(3) == 0 {
			text = "0x" + n.number.Text(16)
		} else if len(text) > 3 && w.choose(2) == 0 {
			text = text[:1] + "_" + text[1:]
		}
		w.add(text)
	case "neg", "pos":
		w.add(map[string]string{"neg": "-", "pos": "+"}[n.op])
		w.operand(n.left, s)
	case "!", "#":
		w.operand(n.left, s)
		if n.left.op == n.op { // x!! is refused
			panic("same postfix twice")
		}
		w.add(n.op)
	case "fib", "luc":
		w.add(n.op)
		w.add("(")
		w.write(n.left)
		w.add(")")
	case "^", "**":
		w.operand(n.left, s+1)
		w.add(n.op)
		w.operand(n.right, 3)
	default:
		w.operand(n.left, s)
		w.add(n.op)
		w.operand(n.right, s+1)
	}
}

// tree makes an expression of data, which it uses up.
func tree(data *[]byte, depth int) *node {
	next := func() byte {
		if len(*data) == 0 {
			return 0
		}
		b := (*data)[0]
		*data = (*data)[1:]
		return b
	}
	kinds := []string{"", "", "", "+", "-", "*", "/", "%", "^", "**", "neg", "pos", "!", "#", "fib", "luc", "+", "-", "*", "^"}
	op := kinds[int(next())%len(kinds)]
	if depth == 0 || len(*data) == 0 {
		op = ""
	}
	switch op {
	case "":
		size := min(int(next()%4)*int(next()%8), len(*data))
		x := new(big.Int).SetBytes((*data)[:size])
		*data = (*data)[size:]
		return &node{number: x.Add(x, big.NewInt(int64(next()%20)))}
	case "neg", "pos", "!", "#", "fib", "luc":
		left := tree(data, depth-1)
		if left.op == op && (op == "!" || op == "#") {
			return left
		}
		return &node{op: op, left: left}
	}
	left := tree(data, depth-1)
	return &node{op: op, left: left, right: tree(data, depth-1)}
}

// FuzzTwin compares Eval with twin.
func FuzzTwin(f *testing.F) {
	f.Add([]byte{4, 8, 1, 1, 2, 1, 1, 127, 1, 1, 1}, []byte{1, 2, 3})
	f.Add([]byte{6, 4, 8, 0, 0, 0, 10, 0, 0, 0, 9, 0, 0, 0, 1}, []byte{})
	f.Add([]byte{12, 1, 1, 1, 200, 5}, []byte{4, 4, 4})
	for i := range 20 {
		f.Add([]byte{byte(i), byte(i + 3), byte(i * 7), 2, 3, 1, 1, 1, 5, 2, 8, 2, 2, 9, 9, 9, byte(i), 1, 1, 1, 3}, []byte{byte(i), 3, 2, 1})
	}
	f.Fuzz(func(t *testing.T, data, choices []byte) {
		n := tree(&data, 5)
		w := writer{choices: choices}
		w.write(n)
		text := w.String()
		want, err := n.twin()
		got, gotErr := Eval(text)
		if err == nil && (want.Sign() < 0 || want.BitLen() > task.MaxBits) {
			err = errTwin
		}
		if (err != nil) != (gotErr != nil) {
			t.Fatalf("%q is %s, %v; the twin has %v, %v", text, got, gotErr, want, err)
		}
		if err == nil && got.Big().Cmp(want) != 0 {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	})
}

// FuzzEval checks that no text makes Eval exceed its bounds, and that a value does not depend on what stands around it.
func FuzzEval(f *testing.F) {
	for _, text := range []string{"2^127-1", "(10^40-1)/9", "fib(100)+luc(3)", "20#%30!", "0xff-1_0", "-(2)**3^2", "1 2", "((", "9^9^9", "3^41348%7"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := parser{text: text}
		if len(text) <= MaxText {
			p.sum()
		}
		if most := maxWork + 5*(2*maxInner/64+1)*(2*maxInner/64+1); p.work > most {
			t.Errorf("%q takes %d steps", text, p.work)
		}
		n, err := Eval(text)
		if err != nil {
			if e := err.(*Error); e.Column < 0 || e.Column > len(text)+1 {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if n.BitLen() > task.MaxBits {
			t.Errorf("%q has %d bits", text, n.BitLen())
		}
		if m, err := Eval("0+( " + text + "\n)*1"); err == nil && m.Cmp(n) != 0 {
			t.Errorf("%q is %s, in parentheses %s", text, n, m)
		}
	})
}

// TestMemory: the garbage of the most expensive expressions is bounded, too.
func TestMemory(t *testing.T) {
	for _, text := range []string{strings.Repeat("5910!%7+", 31) + "1", strings.Repeat("9", 8000) + strings.Repeat("*1", 4000) + "%7", strings.Repeat("3^41348-(", 60) + "1" + strings.Repeat(")", 60)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		Eval(text)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
			t.Errorf("%.40q: %d bytes allocated", text, used)
		}
	}
}
