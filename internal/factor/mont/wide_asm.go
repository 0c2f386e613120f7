//go:build amd64 && !purego

package mont

// hasWords reports whether there is assembly for k words, if the processor can execute it.
func hasWords(k int) bool { return k >= 3 && k < len(adxProducts) }

// adxProducts are the products by number of words.
var adxProducts = [...]func(z, x, y, n *uint64, neg uint64){
	3: mulWords3, mulWords4, mulWords5, mulWords6, mulWords7, mulWords8, mulWords9, mulWords10,
	mulWords11, mulWords12, mulWords13, mulWords14, mulWords15, mulWords16,
}

// mulFast is a product whose z is below n. Elements of another modulus may be shorter: the
// checks of bounds are here.
func mulFast(w *Wide, z, x, y Element) {
	k := len(w.n)
	z, x, y = z[:k], x[:k], y[:k]
	adxProducts[k](&z[0], &x[0], &y[0], &w.n[0], w.neg)
}

// addFast and subFast work like Add and Sub, and report whether there is assembly for the number
// of words.
func addFast(z, x, y Element, n []uint64) bool {
	k := len(n)
	if k < 3 || k > 8 {
		return false
	}
	z, x, y = z[:k], x[:k], y[:k]
	switch k {
	case 3:
		addWords3(&z[0], &x[0], &y[0], &n[0])
	case 4:
		addWords4(&z[0], &x[0], &y[0], &n[0])
	case 5:
		addWords5(&z[0], &x[0], &y[0], &n[0])
	case 6:
		addWords6(&z[0], &x[0], &y[0], &n[0])
	case 7:
		addWords7(&z[0], &x[0], &y[0], &n[0])
	case 8:
		addWords8(&z[0], &x[0], &y[0], &n[0])
	}
	return true
}

func subFast(z, x, y Element, n []uint64) bool {
	k := len(n)
	if k < 3 || k > 8 {
		return false
	}
	z, x, y = z[:k], x[:k], y[:k]
	switch k {
	case 3:
		subWords3(&z[0], &x[0], &y[0], &n[0])
	case 4:
		subWords4(&z[0], &x[0], &y[0], &n[0])
	case 5:
		subWords5(&z[0], &x[0], &y[0], &n[0])
	case 6:
		subWords6(&z[0], &x[0], &y[0], &n[0])
	case 7:
		subWords7(&z[0], &x[0], &y[0], &n[0])
	case 8:
		subWords8(&z[0], &x[0], &y[0], &n[0])
	}
	return true
}
