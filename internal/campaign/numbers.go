package campaign

import (
	"crypto/sha256"
	"encoding/binary"
)

// The numbers of coefficients are divided as follows, N being Coefficients:
//
//	0 .. N/2-1         issued as tasks, ascending
//	N/2 .. 5N/8-1      for an owner before it knows of the campaign: siqs.Params.OwnStart
//	5N/8 .. 7N/8-1     for owners that know of it see OwnerFirst
//
// N is 4*10^9 at 68 digits, 10^13 at 100 digits and 5*10^13 at 108. A sieve of 100 digits
// uses 2,700 coefficients besides as many void ones, one of 108 digits 5,000.

// maxTaskSize is the number of coefficients of a task: far more than a worker sieves
// within the time of a task.
const maxTaskSize = 4096

// TaskSize returns the number of coefficients of a task: 4096, fewer for numbers of less
// than 60 digits, which have few coefficients.
func TaskSize(coefficients uint64) uint64 {
	return min(max(coefficients/256, 1), maxTaskSize)
}

// firstOfOwners returns the first number that is for owners.
func firstOfOwners(coefficients uint64) uint64 { return coefficients / 2 }

// ownerRegion is how many numbers an owner has at least, from 60 digits on.
const ownerRegion = 1 << 18

// OwnerFirst returns the number of the coefficient from which the owner of the number
// sieves upwards. It is below 7/8 of Coefficients, and never issued as a task. Two owners
// of one number, after a redelivery, most likely have different regions. If they have the
// same, they find the same relations, which costs time only.
func OwnerFirst(child, worker string, coefficients uint64) uint64 {
	first, room := firstOfOwners(coefficients)+coefficients/8, coefficients/4
	size := min(max(room/16, 1), ownerRegion)
	hash := sha256.Sum256([]byte(child + "\x00" + worker))
	region := binary.BigEndian.Uint64(hash[:]) % max(room/size, 1)
	return min(first+region*size, coefficients-1)
}
