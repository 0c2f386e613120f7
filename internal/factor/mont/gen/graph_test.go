package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// A simulator executes what emit writes, on one double of each vector.
type simulator struct {
	t    *testing.T
	mem  map[string]float64
	regs [16]float64
}

func (s *simulator) read(operand string) float64 {
	var r int
	if n, _ := fmt.Sscanf(operand, "Y%d", &r); n == 1 {
		return s.regs[r]
	}
	x, ok := s.mem[operand]
	if !ok {
		s.t.Fatalf("%s is read before it is written", operand)
	}
	return x
}

func (s *simulator) write(operand string, x float64) {
	var r int
	if n, _ := fmt.Sscanf(operand, "Y%d", &r); n == 1 {
		s.regs[r] = x
	} else {
		s.mem[operand] = x
	}
}

// run executes a line. Its operands but the last are in the reverse of the order of Intel's manuals.
func (s *simulator) run(line string) {
	name, rest, _ := strings.Cut(line, " ")
	ops := strings.Split(rest, ", ")
	for _, o := range ops[1:max(1, len(ops)-1)] {
		if !strings.HasPrefix(o, "Y") {
			s.t.Fatalf("%s: only the first operand may be in memory", line)
		}
	}
	a := make([]float64, len(ops)-1)
	for i := range a {
		a[i] = s.read(ops[i])
	}
	dst := ops[len(ops)-1]
	switch name {
	case "VMOVUPD", "VMOVAPD":
		s.write(dst, a[0])
		return
	case "VADDPD":
		s.write(dst, a[1]+a[0])
		return
	case "VSUBPD":
		s.write(dst, a[1]-a[0])
		return
	case "VMULPD":
		s.write(dst, a[1]*a[0])
		return
	}
	d := s.read(dst)
	var x, y, c float64
	switch {
	case strings.HasSuffix(name, "132PD"):
		x, y, c = d, a[0], a[1]
	case strings.HasSuffix(name, "213PD"):
		x, y, c = a[1], d, a[0]
	case strings.HasSuffix(name, "231PD"):
		x, y, c = a[1], a[0], d
	}
	switch name[:len(name)-len("231PD")] {
	case "VFMADD":
		s.write(dst, math.FMA(x, y, c))
	case "VFMSUB":
		s.write(dst, math.FMA(x, y, -c))
	case "VFNMADD":
		s.write(dst, math.FMA(-x, y, c))
	default:
		s.t.Fatalf("unknown instruction: %s", line)
	}
}

// TestGraph emits random graphs, with so many values alive that registers do not do, and executes them.
// Stores go where loads of the same vector were, as for a destination that is an operand.
func TestGraph(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for round := range 300 {
		s := &simulator{t: t, mem: make(map[string]float64)}
		g := newGraph()
		values := make(map[*node]float64)
		want := make(map[string]float64)
		pins := map[string]int{"pin": 15}
		s.regs[15] = 1.25
		vectors := 1 + rnd.IntN(3)
		for v := range vectors {
			g.at(v, 0)
			randomVector(rnd, g, v, s, values, want)
		}
		o := order{interval: float64(rnd.IntN(12)), latency: rnd.Float64(), vectors: vectors, stages: rnd.IntN(2) == 0, far: rnd.IntN(30)}
		var lines []string
		g.emit(o, pins, "CX", 100, func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) })
		for _, line := range lines {
			s.run(line)
		}
		for address, x := range want {
			if s.mem[address] != x {
				t.Fatalf("round %d: %s is %v, want %v:\n%s", round, address, s.mem[address], x, strings.Join(lines, "\n"))
			}
		}
	}
}

// randomVector makes the code of one vector. want gets what its stores leave in memory.
func randomVector(rnd *rand.Rand, g *graph, v int, s *simulator, values map[*node]float64, want map[string]float64) {
	var known, unused []*node
	add := func(n *node, x float64) {
		known, unused, values[n] = append(known, n), append(unused, n), x
	}
	for i := range 6 {
		address := vector("DI", 10*v+i)
		s.mem[address] = float64(1+rnd.IntN(1000)) / 8
		n := g.load(address)
		known, values[n] = append(known, n), s.mem[address]
	}
	pin := g.pin("pin")
	known, values[pin] = append(known, pin), 1.25
	pick := func() *node { return known[rnd.IntN(len(known))] }
	for i := range 24 {
		g.at(v, i/12)
		a, b, c := pick(), pick(), pick()
		x, y, z := values[a], values[b], values[c]
		switch rnd.IntN(6) {
		case 0:
			add(g.add(a, b), x+y)
		case 1:
			add(g.sub(a, b), x-y)
		case 2:
			add(g.mul(a, b), float64(x*y))
		case 3:
			add(g.fma(a, b, c), math.FMA(x, y, z))
		case 4:
			add(g.fms(a, b, c), math.FMA(x, y, -z))
		case 5:
			add(g.fnma(a, b, c), math.FMA(-x, y, z))
		}
	}
	i := 0
	for _, n := range unused {
		if len(n.users) == 0 {
			address := vector("DI", 10*v+i%6)
			if i >= 6 {
				address = vector("SI", 50*v+i)
			}
			g.store(address, n)
			want[address] = values[n]
			i++
		}
	}
}
