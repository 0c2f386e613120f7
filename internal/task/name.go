package task

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The character classes of names, as bits. A name may use the characters of its class.
const (
	jobChar = 1 << iota
	workerChar
	roundChar
	labelChar
)

// charClasses holds the classes of each byte. It is a table because the names of every
// received message are checked.
var charClasses = func() (table [256]uint8) {
	for c := 'a'; c <= 'z'; c++ {
		table[c] = jobChar | workerChar | roundChar | labelChar
		table[c-'a'+'A'] = jobChar
	}
	for c := '0'; c <= '9'; c++ {
		table[c] = jobChar | workerChar | roundChar | labelChar
	}
	table['-'] = jobChar | workerChar | labelChar
	table['_'] = jobChar | labelChar
	return table
}()

// isName reports whether s has 1 to most characters, all of them in class.
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

// CheckJob returns an error that states the rule if id is not a job id: 1 to 40
// characters of A-Z a-z 0-9 _ -.
func CheckJob(id string) error {
	if !isName(id, jobChar, 40) {
		return fmt.Errorf("%.60q is not a job id: use 1 to 40 of A-Z a-z 0-9 _ -", id)
	}
	return nil
}

// CheckWorker returns an error that states the rule if name is not a worker name: 1 to 32
// characters of a-z 0-9 -.
func CheckWorker(name string) error {
	if !isName(name, workerChar, maxWorkerName) {
		return fmt.Errorf("%.60q is not a worker name: use 1 to 32 of a-z 0-9 -", name)
	}
	return nil
}

// CheckRound returns an error if round is neither FirstRound nor base-36 milliseconds of at
// most 12 digits.
func CheckRound(round string) error {
	if !isName(round, roundChar, 12) || round[0] == '0' && round != FirstRound {
		return fmt.Errorf("%.60q is not a round", round)
	}
	return nil
}

// maxLabel is the length of the longest label, and of the longest name of a command.
const maxLabel = 24

// maxWorkerName is the length of the longest worker name.
const maxWorkerName = 32

// WorkerName turns any text, such as a host name, into a valid worker name. The result is
// "worker" if no allowed character is left. Of a long text it keeps the start and the end, in which host names differ,
// and adds a part of the text's hash: names of Kubernetes pods of one deployment have the first 40 characters in
// common. Two texts of which start and end are the same get one name with a probability of 2^-40.
func WorkerName(text string) string {
	name := workerChars(text)
	switch {
	case name == "":
		return "worker"
	case len(name) <= maxWorkerName:
		return name
	}
	hash := sha256.Sum256([]byte(strings.ToLower(text)))
	start, end := strings.TrimRight(name[:14], "-"), strings.TrimLeft(name[len(name)-8:], "-")
	return start + "-" + end + "-" + idEncoding.EncodeToString(hash[:5])
}

// workerChars replaces the characters that worker names do not have.
func workerChars(text string) string {
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
	return strings.Trim(name, "-")
}

// FirstRound is the round of a range that was never requeued.
const FirstRound = "0"

// NewRound returns the round of a range that is requeued at the time now, to the
// millisecond. It makes the subject differ from that of the earlier message, which may
// still wait for its ack.
func NewRound(now time.Time) string { return strconv.FormatInt(now.UnixMilli(), 36) }

// idEncoding keeps the order of the encoded bytes, and avoids letters that look alike.
var idEncoding = base32.NewEncoding(idAlphabet).WithPadding(base32.NoPadding)

const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// NewJobID returns a job id of 13 characters that sorts by time: 44 bits of Unix
// milliseconds and 20 random bits.
func NewJobID(now time.Time) string {
	var b [8]byte
	rand.Read(b[5:])
	low := binary.BigEndian.Uint64(b[:]) & (1<<20 - 1)
	binary.BigEndian.PutUint64(b[:], uint64(now.UnixMilli())<<20|low)
	return idEncoding.EncodeToString(b[:])
}
