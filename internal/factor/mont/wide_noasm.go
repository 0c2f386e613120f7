//go:build !amd64 || purego

package mont

func hasWords(int) bool { return false }

func mulFast(w *Wide, z, x, y Element)         {}
func addFast(z, x, y Element, n []uint64) bool { return false }
func subFast(z, x, y Element, n []uint64) bool { return false }
