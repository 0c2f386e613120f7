package siqs

// A tuning is the part of the parameters that depends on the size of a number alone.
// All fields are float64, so that they can be interpolated between two rows of the
// table.
type tuning struct {
	bits     float64 // of n
	primes   float64 // F, the entries of the factor base
	large    float64 // L/P: the bound of large primes in multiples of the largest prime of the base
	interval float64 // 2M, positions of a polynomial
	small    float64 // primes below this are not sieved
	slack    float64 // Smooth - Candidate, in bits: what the unsieved primes are trusted to contribute
	factor   float64 // the size that the primes of A should have; it determines their number s
	double   float64 // log(Double)/log(L); 0 if there is only one large prime
}

// tunings has the rows of TestCalibrate. They were measured at level avx512, and from
// 226 bits on at avx2, which takes nearly the same time. Up to 265 bits the measure is
// the time of whole numbers, above it is the rate of relations.
//
// The rows above 333 bits are measured by the rate of relations and the cycleModel, on a
// Zen 5: 2,350 s at 338 bits, 3,690 s at 348 and 8,700 s at 359, with the bases below. A
// base of 131072 primes takes a tenth more at 338 bits and a quarter more at 348. An
// interval half as long again, or shorter by a quarter, takes a tenth more. An exponent of
// 1.76 or 1.84 changes less than a tenth. Three large primes were not tried.
//
// The optima are flat: a third more or fewer primes, or an interval half as long again,
// change the time by a few percent. Reasons for the trend of each column:
//
//   - primes: a larger base makes values smooth more often, but it needs more relations
//     and a larger matrix. The best F is where both effects balance.
//   - interval: values grow in proportion to M. But a new polynomial costs one addition
//     for each root, so a larger base needs a longer interval.
//   - small: the smallest primes hit most positions and tell least about a value.
//   - double: a second large prime pays from 226 bits on, where relations with one are
//     too rare.
var tunings = []tuning{
	//bits primes large interval small slack factor double
	{50, 40, 10, 8192, 15, 4, 60, 0},
	{64, 60, 12, 8192, 20, 4.5, 80, 0},
	{80, 95, 15, 12288, 30, 5.5, 100, 0},
	{96, 150, 20, 14336, 45, 6.5, 120, 0},
	{112, 250, 25, 16384, 75, 9.5, 140, 0},
	{128, 470, 30, 16384, 140, 13, 160, 0},
	{140, 680, 40, 16384, 210, 15.5, 220, 0},
	{149, 900, 50, 16384, 256, 19, 300, 0},
	{165, 1550, 60, 20480, 300, 22, 450, 0},
	{181, 2600, 70, 24576, 300, 23, 700, 0},
	{198, 4600, 100, 32768, 330, 24.5, 1100, 0},
	{215, 7000, 100, 32768, 330, 24.5, 1300, 0},
	{222, 8700, 100, 65536, 256, 25, 1250, 0},
	{226, 10500, 80, 65536, 350, 20.5, 1300, 1.75},
	{232, 13000, 80, 65536, 400, 21, 1500, 1.75},
	{248, 22500, 90, 65536, 400, 22, 2000, 1.75},
	{265, 34000, 90, 65536, 500, 23, 2000, 1.75},
	{282, 50000, 105, 65536, 500, 23.5, 2000, 1.775},
	{298, 65000, 120, 65536, 500, 24, 2000, 1.8},
	{314, 120000, 135, 98304, 500, 24, 2000, 1.8},
	{330, 131072, 150, 131072, 500, 24, 2000, 1.8},
	{333, 131072, 150, 131072, 500, 24, 2000, 1.8},
	{338, 170000, 155, 131072, 400, 25, 2000, 1.8},
	{348, 215000, 170, 131072, 380, 26, 2000, 1.8},
	{359, 260000, 190, 131072, 380, 26, 2000, 1.8},
}

// tuningFor returns the tuning for numbers of so many bits. Between two rows each
// column is linear; outside of the table the first or last row holds. The column double
// is 0 up to the first row that has it, because an exponent between 0 and 1.75 has no
// meaning.
func tuningFor(size int) tuning {
	b := float64(size)
	i := 1
	for i < len(tunings)-1 && tunings[i].bits < b {
		i++
	}
	x, y := &tunings[i-1], &tunings[i]
	w := min(max((b-x.bits)/(y.bits-x.bits), 0), 1)
	// Without the conversion some processors would round the product and the sum at once,
	// and machines would choose different parameters.
	mix := func(x, y float64) float64 { return x + float64(w*(y-x)) }
	double := mix(x.double, y.double)
	if w < 1 && x.double == 0 {
		double = 0
	}
	return tuning{
		bits: b, primes: mix(x.primes, y.primes), large: mix(x.large, y.large),
		interval: mix(x.interval, y.interval), small: mix(x.small, y.small), slack: mix(x.slack, y.slack),
		factor: mix(x.factor, y.factor), double: double,
	}
}
