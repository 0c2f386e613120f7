//go:build amd64 && !purego

package mont

// mulFast, addFast and subFast work like Mul, Add and Sub, and report whether there is assembly
// for the number of words. Elements of another modulus may be shorter: the checks of bounds
// are here.
func mulFast(z, x, y Element, n []uint64, neg uint64) bool {
	k := len(n)
	if k < 3 || k > 16 {
		return false
	}
	z, x, y = z[:k], x[:k], y[:k]
	switch k {
	case 3:
		mulWords3(&z[0], &x[0], &y[0], &n[0], neg)
	case 4:
		mulWords4(&z[0], &x[0], &y[0], &n[0], neg)
	case 5:
		mulWords5(&z[0], &x[0], &y[0], &n[0], neg)
	case 6:
		mulWords6(&z[0], &x[0], &y[0], &n[0], neg)
	case 7:
		mulWords7(&z[0], &x[0], &y[0], &n[0], neg)
	case 8:
		mulWords8(&z[0], &x[0], &y[0], &n[0], neg)
	case 9:
		mulWords9(&z[0], &x[0], &y[0], &n[0], neg)
	case 10:
		mulWords10(&z[0], &x[0], &y[0], &n[0], neg)
	case 11:
		mulWords11(&z[0], &x[0], &y[0], &n[0], neg)
	case 12:
		mulWords12(&z[0], &x[0], &y[0], &n[0], neg)
	case 13:
		mulWords13(&z[0], &x[0], &y[0], &n[0], neg)
	case 14:
		mulWords14(&z[0], &x[0], &y[0], &n[0], neg)
	case 15:
		mulWords15(&z[0], &x[0], &y[0], &n[0], neg)
	case 16:
		mulWords16(&z[0], &x[0], &y[0], &n[0], neg)
	}
	return true
}

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
