package measured

import (
	"time"

	"factorfleet/internal/factor/kernels"
)

// SieveBits is the size in bits of the largest numbers that are sieved, 108 digits. Above
// EnoughBits, 100 digits, the budget that is used if the user sets none does not suffice
// for the sieve: see Budget.
const (
	SieveBits  = 359
	EnoughBits = 333
)

// randomBits is the size of the last row of the tables of random numbers.
const randomBits = 224

// levels has the tables by level: CPU time on one core of an AMD Zen 4 at 3.7 GHz.
// These commands measure them again, with the level in FACTORFLEET_KERNELS:
//
//	go test ./internal/factor -run TestCalibrateSieve -calibrate 75 -v
//	consumer bench --time 400ms random24 random32 ... random128
//	consumer bench --time 12s random129 random144 ... random224
//
// Sieve. From 150 bits on, rows are medians of three numbers; below, they are means of
// 300. At avx512 and avx2 the row of 264 bits is one number. The rows above are scaled
// from an earlier sieve on a Sapphire Rapids, which was measured up to 314 bits at
// avx512 and up to 297 at avx2. At plain, the rows from 248 to 314 bits are extrapolated.
// From 333 bits on no number was sieved to its end: the rows are the relations that
// package siqs's cycleModel needs, divided by their rate in some seconds on a Zen 5. The
// model is within half a percent at 248, 265, 281 and 298 bits, where the predicted times
// are within 10 %. The samples are of 333, 338, 343, 348, 353 and 359 bits, beside other
// load; the rows may be wrong by a fifth. They do not have the linear algebra, 1 % more.
//
// Random. The numbers are those of a chunk of many, and the time includes decoding and
// encoding. Where avx512 and avx2 differ by less than the noise, they have the same
// row.
var levels = [...]Times{
	kernels.Plain: {
		sieve: table{
			{64, 155 * time.Microsecond},
			{80, 420 * time.Microsecond},
			{96, 1150 * time.Microsecond},
			{112, 3350 * time.Microsecond},
			{128, 10 * time.Millisecond},
			{150, 42 * time.Millisecond},
			{165, 108 * time.Millisecond},
			{180, 370 * time.Millisecond},
			{198, 1240 * time.Millisecond},
			{215, 4300 * time.Millisecond},
			{231, 19 * time.Second},
			{248, 57 * time.Second},
			{264, 162 * time.Second},
			{281, 410 * time.Second},
			{297, 1018 * time.Second},
			{314, 3520 * time.Second},
			{EnoughBits, 10175 * time.Second},
			{346, 22500 * time.Second},
			{SieveBits, 54000 * time.Second},
		},
		random: table{
			{24, 400 * time.Nanosecond},
			{32, 980 * time.Nanosecond},
			{40, 1600 * time.Nanosecond},
			{48, 2400 * time.Nanosecond},
			{56, 3300 * time.Nanosecond},
			{64, 5500 * time.Nanosecond},
			{65, 31 * time.Microsecond},
			{72, 66 * time.Microsecond},
			{80, 195 * time.Microsecond},
			{96, 442 * time.Microsecond},
			{112, 690 * time.Microsecond},
			{128, 1720 * time.Microsecond},
			{129, 2440 * time.Microsecond},
			{144, 5980 * time.Microsecond},
			{160, 11200 * time.Microsecond},
			{176, 28 * time.Millisecond},
			{192, 55 * time.Millisecond},
			{208, 144 * time.Millisecond},
			{randomBits, 480 * time.Millisecond},
		},
	},
	kernels.AVX2: {
		sieve: table{
			{64, 130 * time.Microsecond},
			{80, 275 * time.Microsecond},
			{96, 680 * time.Microsecond},
			{112, 1900 * time.Microsecond},
			{128, 4900 * time.Microsecond},
			{150, 20 * time.Millisecond},
			{165, 60 * time.Millisecond},
			{180, 150 * time.Millisecond},
			{198, 455 * time.Millisecond},
			{215, 1350 * time.Millisecond},
			{231, 4400 * time.Millisecond},
			{248, 12500 * time.Millisecond},
			{264, 32600 * time.Millisecond},
			{281, 83 * time.Second},
			{297, 207 * time.Second},
			{314, 730 * time.Second},
			{EnoughBits, 2127 * time.Second},
			{346, 4050 * time.Second},
			{SieveBits, 9000 * time.Second},
		},
		random: table{
			{24, 350 * time.Nanosecond},
			{32, 390 * time.Nanosecond},
			{40, 520 * time.Nanosecond},
			{48, 780 * time.Nanosecond},
			{56, 1380 * time.Nanosecond},
			{64, 2550 * time.Nanosecond},
			{65, 7900 * time.Nanosecond},
			{72, 12200 * time.Nanosecond},
			{80, 21800 * time.Nanosecond},
			{96, 65 * time.Microsecond},
			{112, 372 * time.Microsecond},
			{128, 895 * time.Microsecond},
			{129, 1050 * time.Microsecond},
			{144, 2950 * time.Microsecond},
			{160, 5650 * time.Microsecond},
			{176, 13100 * time.Microsecond},
			{192, 27 * time.Millisecond},
			{208, 60600 * time.Microsecond},
			{randomBits, 165 * time.Millisecond},
		},
	},
	kernels.AVX512: {
		sieve: table{
			{64, 130 * time.Microsecond},
			{80, 275 * time.Microsecond},
			{96, 680 * time.Microsecond},
			{112, 1900 * time.Microsecond},
			{128, 4900 * time.Microsecond},
			{150, 20 * time.Millisecond},
			{165, 60 * time.Millisecond},
			{180, 150 * time.Millisecond},
			{198, 455 * time.Millisecond},
			{215, 1350 * time.Millisecond},
			{231, 4300 * time.Millisecond},
			{248, 11 * time.Second},
			{264, 30500 * time.Millisecond},
			{281, 76 * time.Second},
			{297, 185 * time.Second},
			{314, 640 * time.Second},
			{EnoughBits, 1850 * time.Second},
			{346, 3600 * time.Second},
			{SieveBits, 7800 * time.Second},
		},
		random: table{
			{24, 350 * time.Nanosecond},
			{32, 390 * time.Nanosecond},
			{40, 520 * time.Nanosecond},
			{48, 780 * time.Nanosecond},
			{56, 1380 * time.Nanosecond},
			{64, 2550 * time.Nanosecond},
			{65, 7900 * time.Nanosecond},
			{72, 12200 * time.Nanosecond},
			{80, 21800 * time.Nanosecond},
			{96, 59 * time.Microsecond},
			{112, 183 * time.Microsecond},
			{128, 545 * time.Microsecond},
			{129, 900 * time.Microsecond},
			{144, 2130 * time.Microsecond},
			{160, 4400 * time.Microsecond},
			{176, 11500 * time.Microsecond},
			{192, 25 * time.Millisecond},
			{208, 55 * time.Millisecond},
			{randomBits, 139 * time.Millisecond},
		},
	},
}
