package gf2

// Memory bounds the bytes that a Matrix of so many rows, with so many 1s in all, takes:
// its rows, and all that Dependencies makes of them, with any number of workers.
// Garbage that Dependencies leaves counts, too.
//
//	rows < filterFrom    matrix + dense(columns, rows) + deliver + slack
//	otherwise            matrix + filter + lanczos + dense(core) + deliver + slack
//
// All terms of the second line count together, although not all are used at once.
func Memory(rows, columns, entries int) uint64 {
	const slack = 1 << 20 // fixed sizes, sizes rounded up, goroutines
	n := grown(4*(rows+entries)) + deliverBytes(rows, columns) + slack
	if rows < filterFrom {
		return uint64(n + denseBytes(columns, rows))
	}
	n += filterBytes(rows, columns, entries) + lanczosBytes(rows, columns)
	// Elimination is used for cores of few rows. Columns exceed rows in a core by no
	// more than in the whole, except that the blocks of heavy columns may have unused
	// places.
	core := min(rows, max(denseUpTo, lanczosFrom))
	return uint64(n + denseBytes(core+max(0, columns-rows)+maxBlocks*width, core))
}

// grown returns the bytes that append takes at most for a slice of n bytes: 5/4*n for
// the new memory while the old memory, n, is still in use.
func grown(n int) int { return n/4*9 + 1<<14 }

// filterBytes bounds the bytes of a filter and its core, by the sizes of the elements
// of their slices.
func filterBytes(rows, columns, entries int) int {
	const (
		perColumn = 4 + 2 + 4*maxListed + 3*4  // columns; place, order
		perRow    = 8 + 1 + 4 + maxBlocks*16 + // store
			8*mergesPerRow + 3*4 + // merges, drop
			4 + 4 + maxBlocks*16 // core
		perEither = 3 * 4 // heaviestFirst counts, as far as the largest weight
	)
	return perColumn*columns + perRow*rows + perEither*max(rows, columns+maxBlocks*width+2) + 4*arenaRoom(rows, entries)
}

// lanczosBytes bounds the bytes of block Lanczos and its solutions: five blocks of 16
// bytes a row, and an image for each worker.
func lanczosBytes(rows, columns int) int {
	const (
		perRow    = 5*16 + 8                // blocks, solutions
		perColumn = maxWorkers*16 + 16      // images
		fixed     = maxWorkers * (64 << 10) // tables
	)
	return perRow*rows + perColumn*columns + fixed
}

// denseBytes bounds the bytes of elimination: a bit for each coefficient, a table of
// 256 equations, and slices.
func denseBytes(equations, unknowns int) int {
	words := (unknowns + 63) / 64
	return (8*words*(equations+256)+24*equations+16*unknowns)/4*5 + grown(4*unknowns)
}

// deliverBytes bounds the bytes of scratch: a word for each row and column, and a set.
func deliverBytes(rows, columns int) int { return 10*(rows+columns) + grown(4*rows) }
