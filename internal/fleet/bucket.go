package fleet

import "time"

// A Bucket bounds how much is done for one worker: Burst at once, then Rate a second. The zero value is full.
// It is not safe for concurrent use.
type Bucket struct {
	spent float64 // below burst; more than burst is a debt
	at    time.Time
}

// A Share has the limits of a Bucket.
type Share struct {
	Burst, Rate float64 // Rate a second
	Debt        float64 // how much may be taken beyond Burst
}

// Take takes n from the bucket and returns after which time it has paid for that: 0, unless the bucket is in
// debt. It takes nothing and returns false if the debt would be too large.
func (b *Bucket) Take(now time.Time, s Share, n float64) (wait time.Duration, ok bool) {
	if !b.at.IsZero() {
		b.spent = max(0, b.spent-s.Rate*now.Sub(b.at).Seconds())
	}
	b.at = now
	if b.spent+n > s.Burst+s.Debt {
		return 0, false
	}
	b.spent += n
	return time.Duration(max(0, b.spent-s.Burst) / s.Rate * float64(time.Second)), true
}

// Spend takes n, whatever the debt. A bucket from which nothing was taken yet stays full.
func (b *Bucket) Spend(n float64) {
	if !b.at.IsZero() {
		b.spent += n
	}
}
