// Package kernels selects the vector instructions that the engine uses in this process.
// All packages of the engine ask this package, and none asks the processor, so that one
// setting selects the code of all of them.
//
// The level is the best one that the processor, the operating system and the build
// have, unless the environment variable FACTORFLEET_KERNELS caps it. It is set once at
// the start; only tests change it later. All levels give the same answers.
package kernels

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
)

// A Level is a set of instructions. Each level includes those below it.
type Level int32

const (
	// Plain is Go without assembly. It is the only level of other architectures than
	// amd64, and of builds with the tag purego.
	Plain Level = iota
	// AVX2 is AVX2, FMA, BMI1, BMI2 and POPCNT; see HasADX for the scalar carry chains.
	AVX2
	// AVX512 is AVX-512 F, BW, CD, DQ and VL besides; see HasIFMA for the products of
	// 52 bits.
	AVX512
)

// Levels has all levels, ascending.
var Levels = [...]Level{Plain, AVX2, AVX512}

var names = [...]string{Plain: "plain", AVX2: "avx2", AVX512: "avx512"}

// String returns the name of the level, which is also its value for Variable.
func (l Level) String() string { return names[l] }

// Variable is the environment variable that caps the level of the process.
const Variable = "FACTORFLEET_KERNELS"

// machine has the features of the processor, the operating system and the build. It
// never changes.
var machine = detect()

// A features value describes a machine: its best level, and the instructions that not
// all machines of a level have.
type features struct {
	level     Level
	adx, ifma bool
}

// active is the level in force; capError is the result of Check. Only package
// kernelstest changes active after init.
var (
	active   atomic.Int32
	capError error
)

func init() {
	level, err := choose(os.Getenv(Variable), machine.level)
	active.Store(int32(level))
	capError = err
}

// choose returns the level with the name value, or best if value is empty. If value is
// not a level, or is a level above best, it returns Plain and an error that names the
// levels of this machine.
func choose(value string, best Level) (Level, error) {
	if value == "" {
		return best, nil
	}
	for _, l := range Levels {
		switch {
		case value != l.String():
		case l > best:
			return Plain, fmt.Errorf("%s=%s: not supported by this machine or build, its best level is %q", Variable, value, best)
		default:
			return l, nil
		}
	}
	return Plain, fmt.Errorf("%s=%q: unknown level of kernels, set one of %s", Variable, value, strings.Join(names[:best+1], ", "))
}

// Check returns an error if the value of Variable is not a level of this machine. Then
// the level in force is Plain. A program calls Check before it computes.
func Check() error { return capError }

// Best returns the best level that the processor, the operating system and the build
// have. It is never a level whose registers the operating system does not save.
func Best() Level { return machine.level }

// Active returns the level in force: the best one, unless Variable caps it.
func Active() Level { return Level(active.Load()) }

// HasADX reports whether the level in force has the carry chains of ADX, ADCX and ADOX,
// and MULX. Processors of 2013 and 2014 have AVX2 without ADX.
func HasADX() bool { return Active() >= AVX2 && machine.adx }

// HasIFMA reports whether the level in force has AVX-512 IFMA, the products of 52-bit
// integers. Servers of 2017 to 2020 have AVX-512 without it.
func HasIFMA() bool { return Active() == AVX512 && machine.ifma }

// Use sets the level in force, which must not be above Best, and returns the level
// before. It is for package kernelstest. Values whose constructors have already chosen
// kernels keep them.
func Use(l Level) (before Level) {
	if l > machine.level {
		panic(fmt.Sprintf("kernels: internal error: no level %v on this machine", l))
	}
	return Level(active.Swap(int32(l)))
}
