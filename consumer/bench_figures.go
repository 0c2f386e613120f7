package main

// benchClasses are the classes that are measured if none is named.
var benchClasses = []string{
	"tutorial", "random40", "random63", "random96", "random128",
	"semiprime40", "semiprime52", "semiprime64", "semiprime80", "semiprime96", "semiprime128",
}

// lastRelease is what the last release took, in microseconds a number: `consumer bench`
// on one core of an Intel Xeon of 2023 (Sapphire Rapids, AVX-512 with IFMA) of 2 CPUs.
var lastRelease = map[string]float64{}
