package main

import (
	"time"

	"factorfleet/internal/text"
)

// age writes the time since t in one unit, such as "11 s".
func age(t time.Time) string { return text.Age(time.Since(t)) }
