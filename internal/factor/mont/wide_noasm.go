//go:build !amd64 || purego

package mont

func mulFast(z, x, y Element, n []uint64, neg uint64) bool { return false }
func addFast(z, x, y Element, n []uint64) bool             { return false }
func subFast(z, x, y Element, n []uint64) bool             { return false }
