package campaign

import (
	"fmt"
	"math/big"
	"time"

	"factorfleet/internal/measured"
)

// The sizes of numbers, in decimal digits, for which campaigns are run.
const (
	MinDigits   = 75
	MaxDigits   = 108
	LeastDigits = 60 // with Always
)

// A Mode says when campaigns are run.
type Mode string

// The modes, as flags and manifests have them. The empty Mode is Auto.
const (
	Auto   Mode = "auto"   // if it saves time
	Always Mode = "always" // for all numbers of LeastDigits to MaxDigits, if a slot is free
	Never  Mode = "never"
)

// ParseMode returns the mode of that name, Auto for "".
func ParseMode(s string) (Mode, error) {
	switch m := Mode(s); m {
	case "":
		return Auto, nil
	case Auto, Always, Never:
		return m, nil
	}
	return "", fmt.Errorf("must be auto, always or never, not %.40q", s)
}

// Begins reports whether a campaign should begin for a number of so many decimal digits.
// Its owner, on owner >= 1 cores, predicts the time left for the number without a
// campaign, and has a budget of CPU time left for it; 0 is no limit. free slots of other
// workers are idle.
//
// The budget counts the CPU time of the owner alone. If it is less than the sieve takes,
// the owner cannot sieve alone. In a campaign it sieves its part, waits at most as long
// again as its budget, and then gives the number up, whatever the others have found. So a
// campaign begins only if the owner's part of the sieve fits: see fits.
func (m Mode) Begins(digits int, left, budget time.Duration, owner, free int) bool {
	switch {
	case free < 1 || digits > MaxDigits || !fits(left, budget, owner, free):
		return false
	case m == Always:
		return digits >= LeastDigits
	case m == Never || digits < MinDigits:
		return false
	}
	saved := left - together(digits, left, owner, free)
	return saved >= max(leastSaved, left/5)
}

// fits reports whether the CPU time that the owner spends in a campaign is at most two
// thirds of its budget, so that a third of the other slots may leave on the way:
//
//	left * owner          CPU time of the sieve on the owner's cores alone
//	* owner/(owner+free)  its part of that in the campaign
//
// Where the budget suffices for the whole sieve, nothing is required: then the owner can
// finish alone. So 600 s suffice for a sieve of 2,400 s with 5 other slots.
func fits(left, budget time.Duration, owner, free int) bool {
	owner = max(owner, 1)
	alone := float64(left) * float64(owner)
	if budget <= 0 || alone <= float64(budget) {
		return true
	}
	return alone*float64(owner)/float64(owner+free) <= float64(budget)*2/3
}

// BeginsCurves reports whether a campaign of curves should begin for a number of so many decimal
// digits, which its owner cannot sieve. Its owner spends budget more time on it; 0 is no limit. free
// slots of other workers are idle.
func (m Mode) BeginsCurves(digits int, budget time.Duration, free int) bool {
	if free < 1 || m == Never || digits < LeastDigits {
		return false
	}
	return m == Always || budget == 0 || budget >= leastSaved
}

// leastSaved is the least time for whose saving a campaign begins.
const leastSaved = 5 * time.Second

// startTime is the time until other workers sieve.
const startTime = 2 * time.Second

// together predicts the time left with a campaign. The matrix takes as long as before:
//
//	together = start + matrix + (left - matrix) * owner / (owner + free)
func together(digits int, left time.Duration, owner, free int) time.Duration {
	owner = max(owner, 1)
	matrix := min(matrixTime(digits), left/2)
	sieve := float64(left-matrix) * float64(owner) / float64(owner+free)
	return startTime + matrix + time.Duration(sieve)
}

// matrixTime is about the time of the linear algebra and the square root on one core of a
// Sapphire Rapids: 1 s at 80 digits, doubling with each 5.
func matrixTime(digits int) time.Duration {
	d := time.Second
	for at := 80; at+5 <= digits; at += 5 {
		d *= 2
	}
	return d
}

// sieveTime is the time of the sieve for n on one core of this machine.
func sieveTime(n *big.Int) time.Duration { return measured.Active().Sieve(n.BitLen()) }

// Share returns how many of the free slots the campaign index may use, 0 <= index <
// campaigns. All campaigns of a fleet have equal shares, up to 1. The first ones have
// one more if the slots do not divide evenly. Supervisors agree without a message if
// they number the campaigns in the same order.
func Share(slots, campaigns, index int) int {
	if slots <= 0 || campaigns <= 0 {
		return 0
	}
	share := slots / campaigns
	if index < slots%campaigns {
		share++
	}
	return share
}
