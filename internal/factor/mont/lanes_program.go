package mont

// An Instruction is one step of a program. Its operands are slots below MaxSlots; a
// point is the first of PointSlots slots.
type Instruction uint64

// MaxSlots bounds the number of slots of a machine.
const MaxSlots = 1 << slotBits

// PointSlots is the number of slots of a point. X is in the first one and Z in the
// second.
const PointSlots = 4

const (
	opAdd = iota
	opDouble
	opPairs
	opMul
	opSum
	opDiff
	opPoint
	opGCD
	opTwoPairs

	opBits, slotBits = 4, 15
)

// The slots with a fixed use.
const (
	SlotProduct = 0 // the first of three products, see Pairs
	SlotNum     = 3 // the constant (A+2)/4 of the curve is SlotNum/SlotDen
	SlotDen     = 4
	SlotOne     = 5 // the form of 1, set by SetModulus
	SlotR2      = 6 // the form of R, set by SetModulus
	FirstSlot   = 7
)

// instruction packs an operation and four operands.
func instruction(op, a, b, c, d int) Instruction {
	return Instruction(op) | Instruction(a)<<opBits | Instruction(b)<<(opBits+slotBits) |
		Instruction(c)<<(opBits+2*slotBits) | Instruction(d)<<(opBits+3*slotBits)
}

// split returns the code and the operands.
func (in Instruction) split() (op int, s [4]int) {
	op = int(in & (1<<opBits - 1))
	for i := range s {
		s[i] = int(in >> (opBits + i*slotBits) & (1<<slotBits - 1))
	}
	return op, s
}

// Products returns the number of products that the instruction takes.
func (in Instruction) Products() int {
	op, _ := in.split()
	return [...]int{opAdd: 6, opDouble: 6, opPairs: 3, opMul: 1, opSum: 0, opDiff: 0, opPoint: 0, opGCD: 0, opTwoPairs: 2}[op]
}

// PointAdd sets the point dst = p+q on a Montgomery curve, given diff = p-q. dst may be
// any of them.
func PointAdd(dst, p, q, diff int) Instruction { return instruction(opAdd, dst, p, q, diff) }

// PointDouble sets the point dst = 2p on the curve of SlotNum and SlotDen. dst may be
// p.
func PointDouble(dst, p int) Instruction { return instruction(opDouble, dst, p, 0, 0) }

// MakePoint completes the point p, whose X and Z products have set.
func MakePoint(p int) Instruction { return instruction(opPoint, p, 0, 0, 0) }

// Pairs multiplies the slots SlotProduct to SlotProduct+2 by a-b, a-c and a-d. a to d
// are other slots.
func Pairs(a, b, c, d int) Instruction { return instruction(opPairs, a, b, c, d) }

// TwoPairs multiplies the slot dst by a-b and the slot after it by a-c. Machines with
// one modulus for all lanes have it in place of Pairs.
func TwoPairs(dst, a, b, c int) Instruction { return instruction(opTwoPairs, dst, a, b, c) }

// Product sets dst = a*b.
func Product(dst, a, b int) Instruction { return instruction(opMul, dst, a, b, 0) }

// GCDs sets dst to gcd(a, n) in each lane, for a product a, in a machine that HasGCDs.
func GCDs(dst, a int) Instruction { return instruction(opGCD, dst, a, 0, 0) }

// Sum sets dst = a+b. dst may only be an operand of Product.
func Sum(dst, a, b int) Instruction { return instruction(opSum, dst, a, b, 0) }

// Difference sets dst = a-b. dst may only be an operand of Product.
func Difference(dst, a, b int) Instruction { return instruction(opDiff, dst, a, b, 0) }
