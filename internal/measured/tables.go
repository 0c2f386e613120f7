package measured

import (
	"time"

	"factorfleet/internal/factor/kernels"
)

// SieveBits is the size of the largest numbers that are sieved, 100 digits.
const SieveBits = 333

// randomBits is where the tables of random numbers end.
const randomBits = 224

// levels are the tables by level. "go test ./internal/factor -run TestCalibrateSieve -calibrate 70 -v"
// measures the sieve, to so many digits, and "consumer bench random24 random32 ..." random numbers in
// a chunk of many: decoding, factoring and encoding. FACTORFLEET_KERNELS chooses the level.
var levels = [...]Times{
	kernels.Plain: {
		sieve: table{
			{64, 255 * time.Microsecond},
			{80, 512 * time.Microsecond},
			{96, 1404 * time.Microsecond},
			{112, 3879 * time.Microsecond},
			{128, 11 * time.Millisecond},
			{150, 51 * time.Millisecond},
			{165, 160 * time.Millisecond},
			{180, 430 * time.Millisecond},
			{198, 1134 * time.Millisecond},
			{231, 15 * time.Second},
			{248, 42 * time.Second},
			{264, 117 * time.Second},
			{281, 372 * time.Second},
			{297, 1000 * time.Second},
			{314, 3450 * time.Second},
			{SieveBits, 9900 * time.Second},
		},
		random: table{
			{24, 780 * time.Nanosecond},
			{32, 1400 * time.Nanosecond},
			{40, 2125 * time.Nanosecond},
			{48, 3300 * time.Nanosecond},
			{56, 6800 * time.Nanosecond},
			{64, 12 * time.Microsecond},
			{65, 36 * time.Microsecond},
			{72, 70 * time.Microsecond},
			{80, 148 * time.Microsecond},
			{96, 528 * time.Microsecond},
			{112, 1200 * time.Microsecond},
			{128, 2700 * time.Microsecond},
			{129, 3120 * time.Microsecond},
			{144, 6738 * time.Microsecond},
			{160, 15 * time.Millisecond},
			{176, 39 * time.Millisecond},
			{192, 103 * time.Millisecond},
			{208, 250 * time.Millisecond},
			{randomBits, 702 * time.Millisecond},
		},
	},
	kernels.AVX2: {
		sieve: table{
			{64, 170 * time.Microsecond},
			{80, 310 * time.Microsecond},
			{96, 780 * time.Microsecond},
			{112, 2100 * time.Microsecond},
			{128, 6000 * time.Microsecond},
			{150, 26 * time.Millisecond},
			{165, 80 * time.Millisecond},
			{180, 210 * time.Millisecond},
			{198, 540 * time.Millisecond},
			{231, 5040 * time.Millisecond},
			{248, 13 * time.Second},
			{264, 32 * time.Second},
			{281, 91 * time.Second},
			{297, 226 * time.Second},
			{314, 786 * time.Second},
			{SieveBits, 2277 * time.Second},
		},
		random: table{
			{24, 720 * time.Nanosecond},
			{32, 875 * time.Nanosecond},
			{40, 1105 * time.Nanosecond},
			{48, 1577 * time.Nanosecond},
			{56, 2663 * time.Nanosecond},
			{64, 4930 * time.Nanosecond},
			{65, 14 * time.Microsecond},
			{72, 26 * time.Microsecond},
			{80, 54 * time.Microsecond},
			{96, 165 * time.Microsecond},
			{112, 600 * time.Microsecond},
			{128, 1500 * time.Microsecond},
			{129, 1800 * time.Microsecond},
			{144, 4156 * time.Microsecond},
			{160, 10 * time.Millisecond},
			{176, 25 * time.Millisecond},
			{192, 62 * time.Millisecond},
			{208, 142 * time.Millisecond},
			{randomBits, 378 * time.Millisecond},
		},
	},
	kernels.AVX512: {
		// On a Sapphire Rapids: medians of three numbers from 198 bits on, at 297 bits the mean of two, at
		// 314 bits one. The last row is predicted from the others.
		sieve: table{
			{64, 170 * time.Microsecond},
			{80, 310 * time.Microsecond},
			{96, 780 * time.Microsecond},
			{112, 2100 * time.Microsecond},
			{128, 6 * time.Millisecond},
			{150, 26 * time.Millisecond},
			{165, 80 * time.Millisecond},
			{180, 210 * time.Millisecond},
			{198, 540 * time.Millisecond},
			{231, 4800 * time.Millisecond},
			{248, 11800 * time.Millisecond},
			{264, 29 * time.Second},
			{281, 82 * time.Second},
			{297, 200 * time.Second},
			{314, 11*time.Minute + 30*time.Second},
			{SieveBits, 33 * time.Minute},
		},
		// To 128 bits the best of six runs; above, where numbers are done one by one, the mean of 400 numbers
		// of 129 bits to 40 of 224, as a curve through them since the tail is heavy.
		random: table{
			{24, 600 * time.Nanosecond},
			{32, 700 * time.Nanosecond},
			{40, 850 * time.Nanosecond},
			{48, 1100 * time.Nanosecond},
			{56, 1700 * time.Nanosecond},
			{64, 2900 * time.Nanosecond},
			{65, 9 * time.Microsecond},
			{72, 15 * time.Microsecond},
			{80, 27 * time.Microsecond},
			{96, 66 * time.Microsecond},
			{112, 200 * time.Microsecond},
			{128, 600 * time.Microsecond},
			{129, 1200 * time.Microsecond},
			{144, 2800 * time.Microsecond},
			{160, 7 * time.Millisecond},
			{176, 17 * time.Millisecond},
			{192, 43 * time.Millisecond},
			{208, 100 * time.Millisecond},
			{randomBits, 270 * time.Millisecond},
		},
	},
}
