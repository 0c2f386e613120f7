package main

import (
	"time"

	"factorfleet/internal/text"
)

// age writes the time since t in one unit, such as "11 s", by the clock of this machine.
func age(t time.Time) string { return ageAt(t, time.Now()) }

// ageAt writes the time from t to now. For times that other processes have written, now is that of the server.
func ageAt(t, now time.Time) string { return text.Age(now.Sub(t)) }
