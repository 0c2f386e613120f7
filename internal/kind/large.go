package kind

// sieveMemory has the bytes that the sieve of numbers of so many digits takes at most, in MiB: the three parts of
// siqs.Params.Memory together, for products of two primes of like size, and a tenth.
var sieveMemory = []struct{ digits, mib int }{
	{60, 27}, {64, 40}, {68, 73}, {72, 113}, {76, 150}, {80, 204}, {84, 281}, {88, 371}, {92, 644}, {96, 809}, {100, 1021}, {104, 1510}, {108, 1842},
}

// MemoryDigits returns up to how many digits the memory suffices for the sieve of a number, 0 if it does for all that are
// sieved. memory is what AllOn gets, in bytes; 0 = no limit. Larger numbers are left unfinished more often.
func MemoryDigits(memory uint64) int {
	if memory == 0 {
		return 0
	}
	last := sieveMemory[0].digits
	for _, row := range sieveMemory {
		if memory < uint64(row.mib)<<20 {
			return last
		}
		last = row.digits
	}
	return 0
}
