//go:build race

package factor

// slowed is how many times as long computations take under the race detector.
const slowed = 20
