package gf2

// Memory bounds the bytes that a Matrix of so many rows with so many 1s in all takes, its
// rows and what Dependencies makes of them, with any number of workers: what is garbage
// after it counts too.
func Memory(rows, columns, entries int) uint64 {
	const slack = 1 << 20 // fixed sizes, sizes rounded up, goroutines
	n := grown(4*(rows+entries)) + deliverBytes(rows, columns) + slack
	if rows < filterFrom {
		return uint64(n + denseBytes(columns, rows))
	}
	n += filterBytes(rows, columns, entries) + lanczosBytes(rows, columns)
	// A core has at most as many columns more than rows as the whole, but for places of heavy columns that
	// are empty. It goes through elimination if it has few rows.
	core := min(rows, max(denseUpTo, lanczosFrom))
	return uint64(n + denseBytes(core+max(0, columns-rows)+maxBlocks*width, core))
}

// grown returns what append takes for n bytes: a quarter more, while the place before is
// still there.
func grown(n int) int { return n/4*9 + 1<<14 }

// filterBytes is for a filter and its core.
func filterBytes(rows, columns, entries int) int {
	const (
		perColumn = 4 + 1 + 4*maxListed + 3*4  // columns; place, order
		perRow    = 8 + 1 + 4 + maxBlocks*16 + // store
			8*mergesPerRow + 3*4 + // merges, drop
			4 + 4 + maxBlocks*16 // core
		perEither = 3 * 4 // heaviestFirst counts, as far as the largest weight
	)
	return perColumn*columns + perRow*rows + perEither*max(rows, columns+maxBlocks*width+2) + 4*arenaRoom(rows, entries)
}

// lanczosBytes is for block Lanczos and its solutions.
func lanczosBytes(rows, columns int) int {
	const (
		perRow    = 5*16 + 8                // blocks, solutions
		perColumn = maxWorkers*16 + 16      // images
		fixed     = maxWorkers * (64 << 10) // tables
	)
	return perRow*rows + perColumn*columns + fixed
}

// denseBytes is for elimination.
func denseBytes(equations, unknowns int) int {
	words := (unknowns + 63) / 64
	return (8*words*(equations+256)+24*equations+16*unknowns)/4*5 + grown(4*unknowns)
}

// deliverBytes is for the dependencies.
func deliverBytes(rows, columns int) int { return 10*(rows+columns) + grown(4*rows) }
