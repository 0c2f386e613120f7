package ecm

import (
	"math/bits"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/mont"
)

// A Batch splits many numbers at a time, by curves in the lanes of mont.Lanes or, where there are
// none, of mont.WordLanes. It keeps its memory, up to three megabytes, and is not for concurrent use. The zero value is ready.
type Batch struct {
	level    kernels.Level     // of groups and machines
	words    bool              // that level has no mont.Lanes
	groups   []group           // nil before the first use
	groupAt  [MaxBits + 1]int8 // of numbers of so many bits; len(groups) if there is none
	machines [mont.LaneKinds]*machine
	order    []int32 // of the numbers of one group, their places in the list
	first    [maxGroups + 1]int
	jobs     []job
	weave    *weave // for words without mont.Lanes; nil until it is needed
	word     *mont.WordMachine
	scalar   bool // do as without mont.Lanes; for tests
}

// A group is the numbers that are worked on together: those of one class that one kind of machine takes.
type group struct {
	bits  int // of the largest
	class int
	kind  int // of the machine
}

const maxGroups = len(classes) + mont.LaneKinds

// BatchBits returns the size of the largest numbers of Batch at the level in force.
func BatchBits() int {
	if size := mont.LaneBits(); size > 0 {
		return size
	}
	return wordBits
}

// wordBits is the size of the largest numbers of mont.WordLanes.
const wordBits = 64

// makeGroups returns the groups of the level in force, ascending, or those of words.
func makeGroups(words bool) []group {
	most := BatchBits()
	if words {
		most = wordBits
	}
	var gs []group
	for size := 1; size <= most; size++ {
		g := group{class: classOf(size)}
		g.bits = classes[g.class].bits
		if !words {
			kind, bits := mont.LaneKind(size)
			g.kind, g.bits = kind, min(g.bits, bits)
		}
		gs = append(gs, g)
		size = g.bits
	}
	return gs
}

// use makes b ready for the level in force.
func (b *Batch) use(level kernels.Level) {
	if b.groups == nil || b.level != level {
		b.level, b.words = level, b.scalar || mont.LaneBits() == 0
		b.groups = makeGroups(b.words)
		b.machines = [mont.LaneKinds]*machine{}
		i := 0
		for size := range b.groupAt {
			if i < len(b.groups) && size > b.groups[i].bits {
				i++
			}
			b.groupAt[size] = int8(i)
		}
	}
}

// lanes are a mont.Lanes or a mont.WordLanes, where the methods are explained.
type lanes interface {
	Slots() int
	Width() int
	HasGCDs() bool
	SetModulus(lane int, n Number)
	Set(slot, lane int, a Number)
	Value(slot, lane int) Number
	Run(code []mont.Instruction)
}

// A machine is lanes, and the program that they work on.
type machine struct {
	program *program
	lanes   lanes
	owner   []int32 // the number that a lane is set up for, -1 for none
}

// A job is a number that is being worked on.
type job struct {
	at    int32 // in the list
	curve int   // the next
	lane  int   // the first of its lanes
	count int   // of its lanes
}

// A Number is n[0] + n[1]*2^64.
type Number = [2]uint64

// MaxBits is the size of the largest numbers of Batch at any level: see BatchBits.
const MaxBits = mont.MaxLaneBits

// Split looks for a divisor of each of ns, and calls found(i, d, method) with a d of ns[i],
// 1 < d < ns[i], for those that have been found, in any order. The others have been
// given up: those that are even, below 5 or above BatchBits, those that withstood all curves
// of their class, which few products of two primes do up to 104 bits, and above that most of
// those without a factor below 2^40, for which a sieve is quicker.
//
// A curve cannot split a prime or a power of one; the others should have no factor below 50
// or so, as all prime factors of a number are found at once if they are small, and nothing
// is learned from that.
//
// d and method depend on ns[i] and the seed alone. It calls alive about every tenth of
// a millisecond and returns its error if there is one.
func (b *Batch) Split(ns []Number, seed uint64, alive func() error, found func(i int, d Number, method string)) error {
	b.use(kernels.Active())
	b.sort(ns)
	for i, g := range b.groups {
		list := b.order[b.first[i]:b.first[i+1]]
		if len(list) == 0 {
			continue
		}
		s := split{ns: ns, list: list, seed: seed, machine: b.machine(g), weave: b.weave, jobs: b.jobs[:0]}
		if !b.words {
			s.weave = nil
		}
		err := s.runClass(&classes[g.class], alive, found)
		b.jobs = s.jobs
		if err != nil {
			return err
		}
	}
	return nil
}

// sort makes the order of the numbers by group.
func (b *Batch) sort(ns []Number) {
	b.first = [maxGroups + 1]int{}
	for _, n := range ns {
		if i := b.groupOf(n); i >= 0 {
			b.first[i+1]++
		}
	}
	for i := range maxGroups {
		b.first[i+1] += b.first[i]
	}
	total := b.first[maxGroups]
	if cap(b.order) < total {
		b.order = make([]int32, total)
	}
	b.order = b.order[:total]
	next := b.first
	for at, n := range ns {
		if i := b.groupOf(n); i >= 0 {
			b.order[next[i]] = int32(at)
			next[i]++
		}
	}
}

// groupOf returns the group of n, or -1.
func (b *Batch) groupOf(n Number) int {
	if !splittable(n) {
		return -1
	}
	if i := int(b.groupAt[bitLen(n)]); i < len(b.groups) {
		return i
	}
	return -1
}

// splittable reports whether there are curves modulo n: it is odd and at least 5.
func splittable(n Number) bool { return n[0]&1 == 1 && (n[1] != 0 || n[0] >= 5) }

// classOf returns the class of numbers of so many bits, at most MaxBits.
func classOf(size int) int {
	c := 0
	for classes[c].bits < size {
		c++
	}
	return c
}

func bitLen(n Number) int {
	if n[1] != 0 {
		return 64 + bits.Len64(n[1])
	}
	return bits.Len64(n[0])
}

// machine returns the lanes for a group.
func (b *Batch) machine(g group) *machine {
	m := &b.machines[g.kind]
	if b.words {
		if b.weave == nil {
			b.weave = newWeave()
		}
		return &b.weave.first
	}
	slots := 0
	for _, r := range classes[g.class].rounds {
		slots = max(slots, programs[r.class]().slots)
	}
	if *m == nil || (*m).lanes.Slots() < slots {
		*m = newMachine(mont.NewLanes(g.bits, slots))
	}
	return *m
}

func newMachine(lanes lanes) *machine {
	m := &machine{lanes: lanes, owner: make([]int32, lanes.Width())}
	for l := range m.owner {
		for i, small := range smallNumbers {
			lanes.Set(slotThree+i, l, Number{small})
		}
	}
	return m
}

// A split is the work on the numbers of one class, round by round.
type split struct {
	*machine
	ns         []Number
	list       []int32 // of ns, those not begun in this round
	withstood  []int32 // those that this round has not split; at most as many as have left list, and in its memory
	seed       uint64
	begin, end int    // the curves of this round
	jobs       []job  // at most one a lane
	weave      *weave // of machine, nil if it is mont.Lanes
}

func (s *split) runClass(c *class, alive func() error, found func(int, Number, string)) error {
	for l := range s.owner {
		s.owner[l] = -1
	}
	for _, r := range c.rounds {
		s.program = programs[r.class]()
		s.begin, s.end = s.end, s.end+r.curves
		s.withstood = s.list[:0]
		if err := s.run(alive, found); err != nil {
			return err
		}
		s.list = s.withstood
	}
	return nil
}

// run does one round.
func (s *split) run(alive func() error, found func(int, Number, string)) error {
	if s.weave != nil {
		return s.runWords(s.weave, alive, found)
	}
	for {
		s.fill()
		if len(s.jobs) == 0 {
			return nil
		}
		s.load()
		for _, code := range s.program.stages {
			if err := s.execute(code, alive); err != nil {
				return err
			}
		}
		if s.lanes.HasGCDs() {
			s.lanes.Run(resultGCDs)
		}
		s.collect(found)
	}
}

var resultGCDs = []mont.Instruction{mont.GCDs(slotGCD, slotResult)}

func (s *split) execute(code []mont.Instruction, alive func() error) error {
	for len(code) > 0 {
		if err := alive(); err != nil {
			return err
		}
		part := min(len(code), aliveEvery)
		s.lanes.Run(code[:part])
		code = code[part:]
	}
	return nil
}

// aliveEvery is the number of instructions between two calls of alive, a tenth
// of a microsecond each.
const aliveEvery = 1000

// fill takes numbers while there are lanes, and shares the lanes out.
func (s *split) fill() {
	width := len(s.owner)
	for len(s.jobs) < width && len(s.list) > 0 {
		s.jobs = append(s.jobs, job{at: s.list[0], curve: s.begin})
		s.list = s.list[1:]
	}
	lane := 0
	for i := range s.jobs {
		j := &s.jobs[i]
		j.lane, j.count = lane, min((width-lane)/(len(s.jobs)-i), s.end-j.curve)
		lane += j.count
	}
}

// load sets the lanes to the next curves of the jobs: one of each number, and more if
// there are lanes to spare.
func (s *split) load() {
	for i := range s.jobs {
		j := &s.jobs[i]
		for k := range j.count {
			l := j.lane + k
			if s.owner[l] != j.at {
				s.owner[l] = j.at
				s.lanes.SetModulus(l, s.ns[j.at])
			}
			num, den := sigma(s.seed, j.curve+k)
			s.lanes.Set(slotSigma, l, Number{num})
			s.lanes.Set(slotSigmaDen, l, Number{den})
		}
	}
}

// collect ends the jobs that are done. Of several curves of one number the first
// counts that has found something, as if they had been run one after the other.
func (s *split) collect(found func(int, Number, string)) {
	left := s.jobs[:0]
	for _, j := range s.jobs {
		n := s.ns[j.at]
		var d Number
		for k := 0; k < j.count && d == (Number{}); k++ {
			d = s.divisor(j.lane+k, n)
		}
		if j.curve += j.count; d != (Number{}) {
			found(int(j.at), d, s.program.name)
		} else if j.curve < s.end {
			left = append(left, j)
		} else {
			s.withstood = append(s.withstood, j.at)
		}
	}
	s.jobs = left
}

// divisor returns a proper divisor of n that the curve in a lane has found, or 0. If
// the curve has found all prime factors they may still differ in the stage, or in
// the product out of three.
func (m *machine) divisor(lane int, n Number) Number {
	var d Number
	if m.lanes.HasGCDs() {
		d = m.lanes.Value(slotGCD, lane) // n is 0 modulo n
	} else if d = gcd(m.lanes.Value(slotResult, lane), n); d == n {
		d = Number{}
	}
	if d == (Number{}) {
		for _, slot := range [...]int{m.program.q + 1, mont.SlotProduct, mont.SlotProduct + 1, mont.SlotProduct + 2} {
			if d = gcd(m.lanes.Value(slot, lane), n); d != n && d != (Number{1}) {
				break
			}
		}
	}
	if d == n || d == (Number{1}) {
		return Number{}
	}
	return d
}

// gcd returns the greatest common divisor of a and the odd n.
func gcd(a, n Number) Number {
	if a[1]|n[1] == 0 {
		return Number{mont.GCD(a[0], n[0])}
	}
	if a == (Number{}) {
		return n
	}
	a = odd(a)
	// It works like mont.GCD.
	for a[1]|n[1] != 0 {
		lo, borrow := bits.Sub64(a[0], n[0], 0)
		hi, borrow := bits.Sub64(a[1], n[1], borrow)
		if lo|hi == 0 {
			return n
		}
		mask := -borrow
		var carry uint64
		n[0], carry = bits.Add64(n[0], lo&mask, 0)
		n[1], _ = bits.Add64(n[1], hi&mask, carry)
		lo, borrow = bits.Sub64(lo^mask, mask, 0)
		hi, _ = bits.Sub64(hi^mask, mask, borrow)
		a = odd(Number{lo, hi})
	}
	return Number{mont.GCD(a[0], n[0])}
}

// odd returns a without its factors 2. Requires a > 0.
func odd(a Number) Number {
	if a[0] == 0 {
		return Number{a[1] >> bits.TrailingZeros64(a[1])}
	}
	s := bits.TrailingZeros64(a[0])
	return Number{a[0]>>s | a[1]<<1<<(63-s), a[1] >> s}
}
