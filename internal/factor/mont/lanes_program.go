package mont

// An Instruction is one step of a program. Its operands are slots below MaxSlots; a point
// is PointSlots of them.
type Instruction uint64

// MaxSlots bounds the slots of a machine.
const MaxSlots = 1 << slotBits

// PointSlots is the number of slots of a point; X is in the first and Z in the second.
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
	SlotProduct = 0 // three products, of Pairs
	SlotNum     = 3 // (A+2)/4 of the curve is Num/Den
	SlotDen     = 4
	SlotOne     = 5 // the form of 1, set by SetModulus
	SlotR2      = 6 // the form of R, set by SetModulus
	FirstSlot   = 7
)

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

// PointAdd sets the point dst = p+q on a Montgomery curve, given diff = p-q. It may
// be any of them.
func PointAdd(dst, p, q, diff int) Instruction { return instruction(opAdd, dst, p, q, diff) }

// PointDouble sets the point dst = 2p on the curve given by SlotNum and SlotDen. It may be p.
func PointDouble(dst, p int) Instruction { return instruction(opDouble, dst, p, 0, 0) }

// MakePoint makes a point of what products have put into the slots of its X and Z.
func MakePoint(p int) Instruction { return instruction(opPoint, p, 0, 0, 0) }

// Pairs multiplies the slots SlotProduct to SlotProduct+2 by a-b, a-c and a-d, which
// are other slots.
func Pairs(a, b, c, d int) Instruction { return instruction(opPairs, a, b, c, d) }

// TwoPairs multiplies dst by a-b and the slot after it by a-c: instead of Pairs, where all
// lanes have one modulus.
func TwoPairs(dst, a, b, c int) Instruction { return instruction(opTwoPairs, dst, a, b, c) }

// Product sets dst = a*b.
func Product(dst, a, b int) Instruction { return instruction(opMul, dst, a, b, 0) }

// GCDs sets dst to the numbers gcd(a, n), for a product a in a machine of one limb.
func GCDs(dst, a int) Instruction { return instruction(opGCD, dst, a, 0, 0) }

// Sum sets dst = a+b, which is an operand for Product only.
func Sum(dst, a, b int) Instruction { return instruction(opSum, dst, a, b, 0) }

// Difference sets dst = a-b, which is an operand for Product only.
func Difference(dst, a, b int) Instruction { return instruction(opDiff, dst, a, b, 0) }
