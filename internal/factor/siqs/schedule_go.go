package siqs

// sieveGo works like sieve, in Go. Its loops have the same bounds as the kernels, so
// that the same padding serves both.
func (s *schedule) sieveGo(block []uint8, prime, root1, root2 []uint32, logp []uint8) {
	size := uint32(len(block))
	block = block[:size+blockPad]
	for i, quads := range s.quads {
		i += s.low
		addHits(block, uint(prime[i]), uint(root1[i]), uint(root2[i]), 4*int(quads), logp[i])
	}
	for _, r := range s.runs {
		if r.log == 0 {
			for i := r.first; i < r.end; i++ {
				addHits(block, uint(prime[i]), uint(root1[i]), uint(root2[i]), r.hits, logp[i])
			}
			continue
		}
		for i := r.first; i < r.end; i += largeAtOnce {
			end := min(r.end, i+largeAtOnce)
			s.addLarge(block, size, prime[i:end], root1[i:end], root2[i:end], r.hits, r.log)
		}
	}
}

// addHits adds log to so many bytes, p apart, from each of the roots x and y. Requires
// that all of them are in the block or its padding.
func addHits(block []uint8, p, x, y uint, hits int, log uint8) {
	for range hits {
		block[x] += log
		block[y] += log
		x += p
		y += p
	}
}

// addLarge works like sieveLarge for at most largeAtOnce primes.
//
// hits-1 additions for each root are in the block. Whether the last one is cannot be
// predicted. So each last position is written to found[n], and n moves on by its bit 31
// after size is subtracted: 1 if it is below size, 0 else. A second loop adds the
// positions that were kept. Positions are below size + p < 2^31.
func (s *schedule) addLarge(block []uint8, size uint32, prime, root1, root2 []uint32, hits int, log uint8) {
	root1, root2 = root1[:len(prime)], root2[:len(prime)]
	n := uint32(0)
	for i, p := range prime {
		x, y := root1[i], root2[i]
		for range hits - 1 {
			block[x] += log
			block[y] += log
			x += p
			y += p
		}
		s.found[n%foundRoom] = x
		n += (x - size) >> 31
		s.found[n%foundRoom] = y
		n += (y - size) >> 31
	}
	for _, x := range s.found[:n] {
		block[x] += log
	}
}
