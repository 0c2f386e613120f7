package task

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The characters of a name, as bits of its class; a name may use those of its class.
const (
	jobChar = 1 << iota
	workerChar
	roundChar
)

// charClasses is indexed by a byte. A table, since every message that comes in has its
// names checked.
var charClasses = func() (table [256]uint8) {
	for c := 'a'; c <= 'z'; c++ {
		table[c] = jobChar | workerChar | roundChar
		table[c-'a'+'A'] = jobChar
	}
	for c := '0'; c <= '9'; c++ {
		table[c] = jobChar | workerChar | roundChar
	}
	table['-'] = jobChar | workerChar
	table['_'] = jobChar
	return table
}()

// isName reports whether s has 1 to most characters, all of the class.
func isName(s string, class uint8, most int) bool {
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		if charClasses[s[i]]&class == 0 {
			return false
		}
	}
	return true
}

// CheckJob returns an error that says what a job id looks like if id is none.
func CheckJob(id string) error {
	if !isName(id, jobChar, 40) {
		return fmt.Errorf("%.60q is not a job id: use 1 to 40 of A-Z a-z 0-9 _ -", id)
	}
	return nil
}

// CheckWorker returns an error that says what a worker name looks like if name is none.
func CheckWorker(name string) error {
	if !isName(name, workerChar, 32) {
		return fmt.Errorf("%.60q is not a worker name: use 1 to 32 of a-z 0-9 -", name)
	}
	return nil
}

// CheckRound returns an error if round is not "0" or base-36 milliseconds.
func CheckRound(round string) error {
	if !isName(round, roundChar, 12) || round[0] == '0' && round != FirstRound {
		return fmt.Errorf("%.60q is not a round", round)
	}
	return nil
}

// WorkerName makes a valid worker name out of any text, such as a host name.
func WorkerName(text string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '-':
			return r
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		default:
			return '-'
		}
	}, text)
	name = strings.Trim(name, "-")
	if len(name) > 32 {
		name = strings.TrimRight(name[:32], "-")
	}
	if name == "" {
		return "worker"
	}
	return name
}

// FirstRound is the round of a range that is published for the first time.
const FirstRound = "0"

// NewRound returns the round of a range that is queued again: its subject must
// differ from the one whose message may still be waiting for its ack.
func NewRound(now time.Time) string { return strconv.FormatInt(now.UnixMilli(), 36) }

// idEncoding keeps the order of the encoded bytes and is easy to read aloud.
var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewJobID returns 13 characters that sort by time: 44 bits of milliseconds and
// 20 random bits.
func NewJobID(now time.Time) string {
	var b [8]byte
	rand.Read(b[5:])
	low := binary.BigEndian.Uint64(b[:]) & (1<<20 - 1)
	binary.BigEndian.PutUint64(b[:], uint64(now.UnixMilli())<<20|low)
	return idEncoding.EncodeToString(b[:])
}
