//go:build !race

package factor

const slowed = 1
