package plan

import (
	"fmt"
	"math"
	"slices"
	"time"

	"factorfleet/internal/measured"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A Machine is what a worker, or several of the same kind, computes with.
type Machine struct {
	Slots int             // at a time
	Times *measured.Times // of its level of kernels
	Speed float64         // how much faster it is than Times says, as measured; 0 = 1
}

// A Forecast is what a list needs.
type Forecast struct {
	// CPU is the expected CPU time on one core of the mean machine, if the numbers are random ones.
	CPU time.Duration
	// Worst is the CPU time if each number were a product of two primes of equal size.
	Worst time.Duration
	// Earlier is the CPU time if the numbers are like those of earlier jobs; 0 = nothing is known.
	Earlier time.Duration
	// Time, WorstTime and EarlierTime are the times on all machines; 0 = there is no machine, or of Earlier.
	Time, WorstTime, EarlierTime time.Duration
}

// A List counts the numbers of a list that is not submitted. One goroutine uses it at a time.
type List struct {
	*Tally
	known   [allClasses]amount // of these numbers: those whose longest CPU time is known, with it as work
	hardest time.Duration      // the longest of these times
	rows    [12]rowSum         // by sizeRows
}

// NewList returns an empty List.
func NewList(e Expectation) *List { return &List{Tally: NewTally(e)} }

// AddNumber counts a number of which nothing is known but its size.
func (t *List) AddNumber(n nat.Nat) {
	bits := n.BitLen()
	t.count(n, t.Add(bits).Seconds(), t.worst(t.expect.class(bits)).Seconds())
}

// AddExamined counts a number that takes most CPU time at most, 0 if it is a prime.
func (t *List) AddExamined(n nat.Nat, most time.Duration) {
	class, expected := t.expect.class(n.BitLen()), min(t.expect.Cost(n.BitLen()), most).Seconds()
	t.put(class, amount{1, expected, expected})
	t.known[class].add(amount{numbers: 1, work: most.Seconds()})
	t.hardest = max(t.hardest, most)
	t.count(n, expected, most.Seconds())
}

// most returns the CPU time of the numbers of a class, if all that were not examined are products of two primes of equal size.
func (t *List) most(class int, a amount) float64 {
	known := t.known[class]
	return max(a.work, known.work+(a.numbers-known.numbers)*t.worst(class).Seconds())
}

// Forecast predicts what the numbers of t need on the machines. x may be nil. A number uses the cores of one
// machine.
func (t *List) Forecast(machines []Machine, x *Experience) (f Forecast) {
	var random, worst, earlier float64
	learned := false
	t.each(func(class int, a amount) {
		random += a.work
		worst += t.most(class, a)
		ratio, ok := x.ratio(class)
		learned = learned || ok
		earlier += a.work * ratio
	})
	f.CPU, f.Worst = seconds(random), seconds(worst)
	cores, one := 0.0, 0.0
	for _, m := range machines {
		speed := m.Speed
		if speed <= 0 {
			speed = 1
		}
		speed *= t.relative(m.Times)
		cores += float64(m.Slots) * speed
		one = max(one, float64(m.Slots)*speed)
	}
	on := func(cpu, longest float64) time.Duration {
		if cores <= 0 {
			return 0
		}
		return seconds(max(cpu/cores, min(longest, cpu)/one))
	}
	f.Time, f.WorstTime = on(random, 0), on(worst, t.hardest.Seconds())
	if learned {
		f.Earlier, f.EarlierTime = seconds(earlier), on(earlier, 0)
	}
	return f
}

// relative returns how much faster these times are than those of which t's expectations are, for the numbers of t.
func (t *Tally) relative(times *measured.Times) float64 {
	if times == nil || t.expect.alone() {
		return 1
	}
	other := t.expect
	other.Times = times
	var here, there float64
	t.each(func(class int, a amount) {
		if class != mixed {
			here += a.work
			there += a.work / t.expect.Cost(task.SizeBits(class)).Seconds() * other.Cost(task.SizeBits(class)).Seconds()
		}
	})
	if there <= 0 {
		return 1
	}
	return here / there
}

// worst returns the CPU time of a product of two primes of equal size of a class, within the budget. Curves that find
// nothing take a third of the time of the sieve.
func (t *Tally) worst(class int) time.Duration {
	bits := task.SizeBits(min(class, task.SizeClasses-1))
	if t.expect.alone() || class == mixed || bits <= 64 {
		return 0
	}
	times := t.expect.Times
	if times == nil {
		times = measured.Active()
	}
	budget := t.expect.Budget
	if budget == 0 {
		budget = times.Budget(bits)
	}
	if bits > measured.SieveBits {
		return budget
	}
	return min(budget, times.Sieve(bits)*4/3)
}

// A SizeRow counts the numbers of some sizes.
type SizeRow struct {
	Class string        `json:"class"`   // such as "60-69 digits"
	Count uint64        `json:"count"`   // numbers
	CPU   time.Duration `json:"cpu_ns"`  // expected, if they are random ones
	Worst time.Duration `json:"most_ns"` // if each that was not examined is a product of two primes of equal size, within the budget
}

// sizeRows are the rows of a List: up to 9 digits more than these.
var sizeRows = []int{1, 20, 30, 40, 50, 60, 70, 80, 90, 100, 200, 1000}

// DigitClass returns the name of the sizes with a number of so many decimal digits, such as "60-69 digits".
func DigitClass(digits int) string { return rowName(rowOf(digits)) }

func rowOf(digits int) int {
	i, found := slices.BinarySearch(sizeRows, digits)
	if !found {
		i--
	}
	return max(i, 0)
}

func rowName(row int) string {
	if row == len(sizeRows)-1 {
		return fmt.Sprintf("%d digits and more", sizeRows[row])
	}
	return fmt.Sprintf("%d-%d digits", sizeRows[row], sizeRows[row+1]-1)
}

// digitsOf returns the count of decimal digits of n, or one of the same row.
func digitsOf(n nat.Nat) int {
	bits := n.BitLen()
	least, most := int(float64(max(bits, 1)-1)*math.Log10(2))+1, int(float64(bits)*math.Log10(2))+1
	if rowOf(least) == rowOf(most) {
		return least
	}
	return len(n.AppendDecimal(nil))
}

// A rowSum adds up a row.
type rowSum struct {
	count     uint64
	cpu, most float64 // seconds
}

// count adds a number to its row.
func (t *List) count(n nat.Nat, expected, most float64) {
	row := 0
	if !t.expect.alone() {
		row = rowOf(digitsOf(n))
	}
	r := &t.rows[row]
	r.count, r.cpu, r.most = r.count+1, r.cpu+expected, r.most+max(most, expected)
}

// Rows returns the counts by size, the smallest first. The sizes of items say nothing: they have one row.
func (t *List) Rows() (rows []SizeRow) {
	for i, r := range t.rows {
		if r.count == 0 {
			continue
		}
		name := rowName(i)
		if t.expect.alone() {
			name = "all"
		}
		rows = append(rows, SizeRow{Class: name, Count: r.count, CPU: seconds(r.cpu), Worst: seconds(r.most)})
	}
	return rows
}
