package mont

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
)

// A model holds the residues modulo n of the slots of one lane.
type model struct {
	n, rInv *big.Int
	slots   [testSlots]*big.Int
}

// newModel returns the model of what the slots are, in Montgomery form for 2^r.
func newModel(n *big.Int, r int, slot func(int) *big.Int) *model {
	m := &model{n: n, rInv: new(big.Int).ModInverse(new(big.Int).Lsh(one, uint(r)), n)}
	for i := range m.slots {
		m.slots[i] = slot(i)
		m.slots[i].Mod(m.slots[i], n)
	}
	return m
}

func (m *model) mod(x *big.Int) *big.Int { return x.Mod(x, m.n) }
func (m *model) mul(a, b *big.Int) *big.Int {
	return m.mod(new(big.Int).Mul(m.mod(new(big.Int).Mul(a, b)), m.rInv))
}
func (m *model) add(a, b *big.Int) *big.Int { return m.mod(new(big.Int).Add(a, b)) }
func (m *model) sub(a, b *big.Int) *big.Int { return m.mod(new(big.Int).Sub(a, b)) }

func (m *model) setPoint(s int, x, z *big.Int) {
	m.slots[s], m.slots[s+1], m.slots[s+2], m.slots[s+3] = x, z, m.add(x, z), m.sub(x, z)
}

// step executes an instruction by definition: the addition is (10) of Montgomery (1987), with
// products instead of sums of products, the doubling its companion.
func (m *model) step(in Instruction) {
	op, s := in.split()
	at := func(i, part int) *big.Int { return m.slots[s[i]+part] }
	switch op {
	case opAdd:
		same := m.sub(m.mul(at(1, 0), at(2, 0)), m.mul(at(1, 1), at(2, 1)))
		cross := m.sub(m.mul(at(1, 0), at(2, 1)), m.mul(at(1, 1), at(2, 0)))
		// Twice these are u+v and u-v of the kernels, which multiplies X and Z by 4.
		same, cross = m.add(same, same), m.add(cross, cross)
		x, z := m.mul(m.mul(same, same), at(3, 1)), m.mul(m.mul(cross, cross), at(3, 0))
		m.setPoint(s[0], x, z)
	case opDouble:
		sum, diff := m.add(at(1, 0), at(1, 1)), m.sub(at(1, 0), at(1, 1))
		xz := m.sub(m.mul(sum, sum), m.mul(diff, diff)) // 4XZ
		w := m.add(m.mul(m.mul(diff, diff), m.slots[SlotDen]), m.mul(xz, m.slots[SlotNum]))
		x := m.mul(m.mul(m.mul(sum, sum), m.mul(diff, diff)), m.slots[SlotDen])
		m.setPoint(s[0], x, m.mul(xz, w))
	case opPoint:
		m.setPoint(s[0], m.slots[s[0]], m.slots[s[0]+1])
	case opPairs:
		for i := range 3 {
			m.slots[i] = m.mul(m.slots[i], m.sub(at(0, 0), at(i+1, 0)))
		}
	case opMul:
		m.slots[s[0]] = m.mul(at(1, 0), at(2, 0))
	case opSum:
		m.slots[s[0]] = m.add(at(1, 0), at(2, 0))
	case opDiff:
		m.slots[s[0]] = m.sub(at(1, 0), at(2, 0))
	}
}

// check compares the slots with those of a machine, and their ranges.
func (m *model) check(t *testing.T, what string, l *Lanes, lane int) {
	t.Helper()
	for i := range testSlots {
		if l.form != nil && i >= firstPoint && i < firstSum && (i-firstPoint)%PointSlots > 1 {
			continue // it does not keep X+Z and X-Z
		}
		x := l.residue(i, lane)
		if !l.inRange(i, lane, x) {
			t.Fatalf("%s, n=%v: slot %d is out of range: %v", what, m.n, i, x)
		}
		if x.Mod(x, m.n).Cmp(m.slots[i]) != 0 {
			t.Fatalf("%s, n=%v: slot %d is %v, want %v", what, m.n, i, x, m.slots[i])
		}
	}
}

// inRange reports whether x, which is in a slot, may be there: see Lanes and gen/curve.go.
func (l *Lanes) inRange(i, lane int, x *big.Int) bool {
	if l.form != nil {
		return l.formInRange(i, lane, x)
	}
	times := int64(2)
	switch {
	case l.strict:
		times = 1
	case i >= firstSum:
		times = 4
	case i >= firstPoint:
		times = [...]int64{4, 2, 6, 4}[(i-firstPoint)%PointSlots]
	}
	a := l.view(lane).slot(i)
	return a[0]|a[1]|a[2] <= limbMask && x.Cmp(times64(l.modulus(lane), times)) < 0
}

func times64(n *big.Int, times int64) *big.Int { return new(big.Int).Mul(n, big.NewInt(times)) }

// TestLanesModel compares both implementations with math/big.
func TestLanesModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	eachKind(t, func(t *testing.T, k *kind) {
		for range 10 {
			code := randomProgram(rnd, 40)
			asm, generic := pair(rnd, k)
			checkModels(t, []*Lanes{asm, generic}, code)
		}
	})
}

// checkModels runs the program on machines with the same contents and checks every lane.
func checkModels(t *testing.T, machines []*Lanes, code []Instruction) {
	l := machines[0]
	models := make([]*model, l.width)
	for i := range models {
		models[i] = newModel(l.modulus(i), l.bitsOfR(), func(s int) *big.Int { return l.residue(s, i) })
		for _, in := range code {
			models[i].step(in)
		}
	}
	for k, l := range machines {
		l.Run(code)
		for i, m := range models {
			m.check(t, fmt.Sprint("machine ", k), l, i)
		}
	}
}
